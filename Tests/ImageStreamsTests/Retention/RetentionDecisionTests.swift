import APIMachinery
import ImageAPI
import Testing

@testable import ImageStreams

/// The time so many hours before noon.
private func hoursAgo(_ hours: Int64) -> Timestamp {
    Timestamp(secondsSince1970: noon.secondsSince1970 - hours * 3_600)
}

/// The history of a tag: its images, newest first, each with its age in hours.
private func history(_ images: (Character, Int64)...) -> [TagEvent] {
    images.map { event("quay.io/x/app@\(digest($0))", digest($0), at: hoursAgo($1)) }
}

private func rules(
    _ name: String = "p", _ change: (inout RetentionPolicySpec) -> Void
) -> RetentionRules {
    var spec = RetentionPolicySpec(mode: "Enforce")
    change(&spec)
    return RetentionRules(spec, name: name)
}

/// Nothing is used, nothing was ever pulled.
private func facts(_ change: (inout RetentionFacts) -> Void = { _ in }) -> RetentionFacts {
    var facts = RetentionFacts(now: noon)
    facts.pullsSince = Timestamp(secondsSince1970: 0)
    change(&facts)
    return facts
}

private func record(_ letter: Character, manifests: [Character] = [], config: String? = nil) -> ImageLayerRecord {
    var image = Image()
    image.metadata.name = digest(letter)
    image.dockerImageManifests = manifests.map { ImageManifest(digest: digest($0)) }
    var record = ImageLayerRecord(image)
    record.config = config
    return record
}

/// What goes: `v1@2` an image of a history, `v1` a whole tag.
private func removed(
    _ stream: ImageStream, _ remover: RetentionRules, besides keepers: [RetentionRules] = [],
    _ facts: RetentionFacts = facts()
) -> [String] {
    let decision = RetentionDecision(of: stream, by: remover, besides: keepers, facts)
    var names: [String] = []
    for removal in decision.removals {
        let name = removal.wholeTag ? removal.tag : "\(removal.tag)@\(removal.event.image.last ?? "-")"
        if !names.contains(name) { names.append(name) }
    }
    return names
}

@Suite("What retention removes")
struct RetentionDecisionTests {
    /// v1 has had 5 images, one a day; dev two, long ago; latest one.
    static let app = stream(status: [
        "v1": history(("5", 1), ("4", 25), ("3", 49), ("2", 73), ("1", 97)),
        "dev": history(("7", 1_000), ("6", 2_000)), "latest": history(("5", 1)),
    ])

    typealias Change = @Sendable (inout RetentionPolicySpec) -> Void

    static let cases: [(String, Change, [String])] = [
        ("a policy without rules", { _ in }, []),
        ("the newest three stay", { $0.keep = RetentionKeep(revisions: 3) }, ["v1@2", "v1@1"]),
        (
            "the newest stays alone", { $0.keep = RetentionKeep(revisions: 1) },
            ["dev@6", "v1@4", "v1@3", "v1@2", "v1@1"]
        ),
        // 3 was replaced 25 hours ago, though it came 49 hours ago.
        (
            "what was the newest within two days stays", { $0.keep = RetentionKeep(duration: "2d") },
            ["dev@6", "v1@2", "v1@1"]
        ),
        ("either keeps", { $0.keep = RetentionKeep(revisions: 4, duration: "1s") }, ["v1@1"]),
        ("a pull keeps", { $0.keep = RetentionKeep(revisions: 2, pulledWithin: "1h") }, ["v1@3", "v1@1"]),
        ("only these tags", { ($0.keep, $0.tags) = (RetentionKeep(revisions: 1), ["d*"]) }, ["dev@6"]),
        (
            "protected tags stay as they are",
            { ($0.keep, $0.protectedTags, $0.expireTagsAfter) = (RetentionKeep(revisions: 1), ["v*"], "2h") }, ["dev"]
        ),
        ("only these streams", { ($0.keep, $0.streams) = (RetentionKeep(revisions: 1), ["other"]) }, []),
        (
            "only streams with these labels",
            { ($0.keep, $0.streamSelector) = (RetentionKeep(revisions: 1), ObjectSelector(matchLabels: ["a": "b"])) },
            []
        ),
        ("tags that have not moved for long go as a whole", { $0.expireTagsAfter = "500h" }, ["dev"]),
        ("a minute before its time a tag is there", { $0.expireTagsAfter = "1000h1m" }, []),
        ("at its time it goes", { $0.expireTagsAfter = "1000h" }, ["dev"]),
        (
            "expiry and history",
            { ($0.expireTagsAfter, $0.keep) = ("500h", RetentionKeep(revisions: 4)) }, ["dev", "v1@1"]
        ),
    ]

    @Test("by its rules", arguments: cases)
    func rulesDecide(_ name: String, _ change: Change, _ expected: [String]) {
        let facts = facts { $0.lastPulls = [digest("2"): hoursAgo(0), digest("1"): hoursAgo(2)] }
        #expect(removed(Self.app, rules("p", change), facts) == expected, "\(name)")
    }

    @Test("the newest image of a tag goes with the tag alone", arguments: 1...5)
    func newest(_ revisions: Int32) {
        let removed = removed(Self.app, rules { $0.keep = RetentionKeep(revisions: revisions) })
        #expect(!removed.contains("v1@5") && !removed.contains("dev@7") && !removed.contains("latest@5"))
    }

    @Test("labels select")
    func labels() {
        var stream = Self.app
        stream.metadata.labels = ["team": "a"]
        let selector = ObjectSelector(
            matchExpressions: [LabelSelectorRequirement(key: "team", operator: "In", values: ["a", "b"])])
        let policy = rules { ($0.keep, $0.streamSelector) = (RetentionKeep(revisions: 4), selector) }
        #expect(removed(stream, policy) == ["v1@1"])
        stream.metadata.labels = ["team": "c"]
        #expect(removed(stream, policy) == [])
    }

    // MARK: Several policies

    @Test("what one policy keeps, another does not remove")
    func keepers() {
        let two = rules("two") { $0.keep = RetentionKeep(revisions: 2) }
        let four = rules("four") { $0.keep = RetentionKeep(revisions: 4) }
        let other = rules("other") { ($0.keep, $0.tags) = (RetentionKeep(revisions: 4), ["dev"]) }
        let foreign = rules("foreign") { ($0.keep, $0.streams) = (RetentionKeep(revisions: 4), ["web"]) }
        let silent = rules("silent") { $0.expireTagsAfter = "1h" }
        let guardian = rules("guardian") { $0.protectedTags = ["v1"] }
        #expect(removed(Self.app, two, besides: [four]) == ["v1@1"])
        #expect(removed(Self.app, two, besides: [other, foreign, silent]) == ["v1@3", "v1@2", "v1@1"])
        #expect(removed(Self.app, two, besides: [guardian]) == [])
    }

    @Test("the longest expiry counts")
    func longestExpiry() {
        let short = rules("short") { $0.expireTagsAfter = "1h" }
        let long = rules("long") { ($0.expireTagsAfter, $0.tags) = ("2000h", ["dev"]) }
        #expect(removed(Self.app, short) == ["dev", "latest", "v1"])
        #expect(removed(Self.app, short, besides: [long]) == ["latest", "v1"])
    }

    // MARK: Use

    @Test("what is in use stays, unless the policy does not care")
    func use() {
        let keep: Change = { $0.keep = RetentionKeep(revisions: 4) }
        let expire: Change = { $0.expireTagsAfter = "500h" }
        let used = facts { $0.usedImages = [digest("1"), digest("7")] }
        let named = facts { $0.usedTags = ["dev", "v1"] }
        #expect(removed(Self.app, rules("p", keep), used) == [])
        #expect(removed(Self.app, rules("p", expire), used) == [])
        #expect(removed(Self.app, rules("p", expire), named) == [])
        // A tag that is named means its newest image, not the old ones.
        #expect(removed(Self.app, rules("p", keep), named) == ["v1@1"])
        let careless = rules {
            keep(&$0)
            expire(&$0)
            $0.keepInUse = false
        }
        #expect(removed(Self.app, careless, used) == ["dev", "v1@1"])
        let careful = rules("other") { $0.keepInUse = true }
        #expect(removed(Self.app, careless, besides: [careful], used) == [])
    }

    @Test("an image is in use where one of its platforms or configs is")
    func partsInUse() {
        let policy = rules { $0.keep = RetentionKeep(revisions: 4) }
        for used in [digest("a"), digest("b"), "sha256:config"] {
            let facts = facts {
                $0.records = [
                    digest("1"): record("1", manifests: ["a"]), digest("a"): record("a", manifests: ["b"]),
                    digest("b"): record("b", config: "sha256:config"),
                ]
                $0.usedImages = [used]
            }
            #expect(removed(Self.app, policy, facts) == [])
            var pulled = facts
            pulled.usedImages = []
            #expect(removed(Self.app, policy, pulled) == ["v1@1"])
            pulled.lastPulls = [used: noon]
            let pulls = rules { $0.keep = RetentionKeep(revisions: 4, pulledWithin: "1h") }
            #expect(removed(Self.app, pulls, pulled) == (used.hasSuffix("config") ? ["v1@1"] : []))
        }
    }

    @Test("pulls that may have happened before anybody counted keep")
    func unknownPulls() {
        let policy = rules { ($0.keep, $0.expireTagsAfter) = (RetentionKeep(pulledWithin: "48h"), "500h") }
        #expect(removed(Self.app, policy, facts { $0.pullsSince = nil }) == [])
        #expect(removed(Self.app, policy, facts { $0.pullsSince = hoursAgo(47) }) == [])
        let all = ["dev", "v1@4", "v1@3", "v1@2", "v1@1"]
        #expect(removed(Self.app, policy, facts { $0.pullsSince = hoursAgo(48) }) == all)
        // A pull of the newest image keeps its tag; that of an old one does not.
        #expect(removed(Self.app, policy, facts { $0.lastPulls = [digest("7"): hoursAgo(1)] }) == ["dev@6"] + all[1...])
        #expect(removed(Self.app, policy, facts { $0.lastPulls = [digest("6"): hoursAgo(1)] }) == all)
    }

    // MARK: Annotations

    @Test(
        "annotations say when a tag ends",
        arguments: [
            ("2025-01-31T12:00:00Z", ["dev"]), ("2025-01-31T12:00:01Z", []), ("1000h", ["dev"]), ("1001h", []),
            ("never", []), ("next week", []), ("", []),
        ] as [(String, [String])])
    func annotations(_ text: String, _ expected: [String]) {
        var stream = Self.app
        stream.spec.tags = [TagReference(name: "dev", annotations: [KnownAnnotation.expires: text])]
        let decision = RetentionDecision(of: stream, by: rules { _ in }, besides: [], facts())
        #expect(removed(stream, rules { _ in }) == expected)
        #expect(decision.warnings.count == (["next week", ""].contains(text) ? 1 : 0))
        #expect(decision.removals.allSatisfy { $0.reason == .tagExpiredByAnnotation })
        // It comes before the policy, which would let the tag go.
        #expect(removed(stream, rules { $0.expireTagsAfter = "500h" }) == expected)
        let pulled = facts { $0.lastPulls = [digest("7"): noon] }
        #expect(
            removed(stream, rules { $0.keep = RetentionKeep(revisions: 9, pulledWithin: "1h") }, pulled) == expected)
        #expect(removed(stream, rules { $0.protectedTags = ["dev"] }) == [])
        #expect(removed(stream, rules { _ in }, facts { $0.usedTags = ["dev"] }) == [])
    }

    @Test("a stream's annotation is for the tags that have none")
    func streamAnnotation() {
        var stream = Self.app
        stream.metadata.annotations[KnownAnnotation.expires] = "20h"
        #expect(removed(stream, rules { _ in }) == ["dev"])
        stream.metadata.annotations[KnownAnnotation.expires] = "1h"
        #expect(removed(stream, rules { _ in }) == ["dev", "latest", "v1"])
        stream.spec.tags = [TagReference(name: "v1", annotations: [KnownAnnotation.expires: "never"])]
        #expect(removed(stream, rules { _ in }) == ["dev", "latest"])
    }

    // MARK: Signatures

    static func signed(_ subject: Character, _ suffix: String = ".sig") -> String {
        digest(subject).replacing(":", with: "-") + suffix
    }

    @Test("signatures live as long as their subject, whatever the policy says of tags")
    func signatures() {
        let stream = stream(status: [
            "v1": history(("5", 1), ("4", 25)), "old": history(("3", 900)),
            Self.signed("5"): history(("a", 900)), Self.signed("4"): history(("b", 1)),
            Self.signed("3", ".att"): history(("c", 1)), Self.signed("3", ""): history(("d", 1)),
        ])
        let policy = rules { ($0.keep, $0.expireTagsAfter) = (RetentionKeep(revisions: 1), "500h") }
        let gone = [Self.signed("3", ""), Self.signed("3", ".att"), Self.signed("4")]
        #expect(removed(stream, policy) == ["old"] + gone + ["v1@4"])
        // They go with it also where the policy names other tags; not where they are protected or used.
        let named = rules { ($0.keep, $0.tags) = (RetentionKeep(revisions: 1), ["v*"]) }
        #expect(removed(stream, named) == [Self.signed("4"), "v1@4"])
        let guarded = rules { ($0.keep, $0.protectedTags) = (RetentionKeep(revisions: 1), ["sha256-*"]) }
        #expect(removed(stream, guarded) == ["v1@4"])
        #expect(removed(stream, named, facts { $0.usedImages = [digest("b")] }) == ["v1@4"])
        let decision = RetentionDecision(of: stream, by: named, besides: [], facts())
        #expect(decision.removals.map(\.reason) == [.subjectGone, .beyondKept])
    }

    @Test("what signs a platform of an index, or a signature, lives as long as that")
    func chains() {
        let first = Self.signed("a")
        let second = Self.signed("s")
        // The digest of a letter beyond f is none.
        let stream = stream(status: [
            "v1": history(("5", 1)), first: history(("b", 900)), Self.signed("b"): history(("c", 900)),
        ])
        let policy = rules { $0.expireTagsAfter = "1000h" }
        let listed = facts { $0.records = [digest("5"): record("5", manifests: ["a"])] }
        #expect(removed(stream, policy, listed) == [])
        #expect(removed(stream, policy) == [first, Self.signed("b")])
        #expect(SignatureTag(second) == nil)
    }

    @Test("a signature that came before its image, or whose image is kept without a tag, waits")
    func early() {
        let orphan = stream(status: [Self.signed("3"): history(("a", 23))])
        let policy = rules { $0.keep = RetentionKeep(revisions: 1) }
        #expect(removed(orphan, policy) == [])
        let short = facts { $0.untaggedPeriod = .after(RetentionPeriod(seconds: 3_600)) }
        #expect(removed(orphan, policy, short) == [Self.signed("3")])
        #expect(removed(orphan, rules { _ in }, short) == [])
        #expect(removed(orphan, rules { ($0.keep, $0.tags) = (RetentionKeep(revisions: 1), ["v*"]) }, short) == [])
        #expect(removed(orphan, policy, facts { $0.untaggedPeriod = .forever }) == [])
        var kept = short
        kept.untagged = [digest("3")]
        #expect(removed(orphan, policy, kept) == [])
    }

    // MARK: Odd streams

    @Test("tags that were never imported, and references without an image, are no problem")
    func oddities() {
        var stream = stream(
            spec: [TagReference(name: "wanted", annotations: [KnownAnnotation.expires: "1s"])],
            status: [
                "empty": [], "ref": [event("quay.io/x/a:2", at: hoursAgo(1)), event("quay.io/x/a:1", at: hoursAgo(2))],
            ])
        stream.status.tags.append(
            NamedTagEventList(tag: "wanted", conditions: [TagEventCondition(type: "ImportSuccess")]))
        #expect(removed(stream, rules { $0.keep = RetentionKeep(revisions: 1) }) == ["ref@-"])
        #expect(removed(stream, rules { $0.expireTagsAfter = "1s" }) == ["ref"])
    }

    @Test("10,000 tags with signatures are decided within a moment", .timeLimit(.minutes(1)))
    func large() {
        var stream = ImageStream()
        stream.metadata.name = "app"
        for number in 0..<10_000 {
            let image = "sha256:" + String(repeating: "0", count: 59) + String(100_000 + number).dropFirst()
            let name = "t\(100_000 + number)"
            stream.status.tags.append(
                NamedTagEventList(tag: name, items: [event("x", "s\(number)"), event("y", image, at: hoursAgo(50))]))
            stream.status.tags.append(
                NamedTagEventList(
                    tag: image.replacing(":", with: "-") + ".sig", items: [event("z", "sig\(number)")]))
        }
        let decision = RetentionDecision(
            of: stream, by: rules { $0.keep = RetentionKeep(revisions: 1) }, besides: [], facts())
        #expect(decision.removals.count == 20_000)
    }
}

@Suite("Applying what retention decides")
struct RetentionStepTests {
    private let policy = rules { ($0.keep, $0.expireTagsAfter) = (RetentionKeep(revisions: 1), "500h") }

    @Test("step by step the stream ends where one step takes it", arguments: [1, 2, 3, 100])
    func steps(_ limit: Int) {
        var now = RetentionDecisionTests.app
        now.spec.tags = ["dev", "v1"].map { TagReference(name: $0) }
        let decision = RetentionDecision(of: now, by: policy, besides: [], facts())
        let whole = decision.step(of: now, limit: .max)?.stream
        #expect(whole?.spec.tags.map(\.name) == ["v1"])
        #expect(whole?.history("v1").count == 1 && whole?.status.tag("dev") == nil)
        var count = 0
        while let step = RetentionDecision(of: now, by: policy, besides: [], facts()).step(of: now, limit: limit) {
            #expect(step.removals.count <= max(limit, 2))
            #expect(step.changesSpec == step.removals.contains(where: \.wholeTag))
            now = step.stream
            count += 1
            if count > 10 { break }
        }
        #expect(now == whole)
    }

    @Test("sizes count each layer once, and none that stays or is shared")
    func sizes() {
        func image(_ letter: Character, _ layers: [(String, Int64)], manifests: [Character] = []) -> ImageLayerRecord {
            var record = record(letter, manifests: manifests)
            record.layers = layers.map { .init(name: $0.0, size: $0.1, mediaType: "") }
            return record
        }
        let facts = facts {
            $0.records = [
                digest("5"): image("5", [("base", 100)]),
                digest("4"): image("4", [("base", 100), ("x", 10), ("y", 1)]),
                digest("3"): image("3", [("x", 10), ("z", 5), ("z", 5)]), digest("2"): image("2", [], manifests: ["a"]),
                digest("a"): image("a", [("a", 1_000)]), digest("1"): image("1", [("big", .max)]),
                digest("6"): image("6", [("huge", .max)]), digest("7"): image("7", [("minus", -5)]),
            ]
            $0.sharedImages = [digest("1")]
        }
        let stream = RetentionDecisionTests.app
        let removals = RetentionDecision(of: stream, by: policy, besides: [], facts).removals
        var tally = RetentionTally()
        tally.beginStream()
        let bytes = tally.count(removals, of: removals, in: stream, facts)
        let named = zip(removals, bytes).map { "\($0.event.image.last ?? "-"):\($1)" }
        #expect(named == ["7:0", "6:\(Int64.max)", "4:11", "3:5", "2:1000", "1:0"])
        #expect(tally.result.tags == 1 && tally.result.revisions == 6 && tally.result.images == 5)
        #expect(tally.result.bytes == .max)
    }
}
