import APIMachinery
import ImageAPI
import Testing

@testable import ImageStreams

@Suite("What policies are written in")
struct RetentionTextTests {
    @Test(
        "durations are numbers with units",
        arguments: [
            ("30s", 30), ("5m", 300), ("36h", 129_600), ("7d", 604_800), ("2w", 1_209_600), ("1d12h", 129_600),
            ("1h30m15s", 5_415), ("36500d", 3_153_600_000),
        ] as [(String, Int64)])
    func durations(_ text: String, _ seconds: Int64) {
        #expect(RetentionPeriod(text)?.seconds == seconds)
    }

    @Test(
        "what is no duration is none",
        arguments: [
            "", "0s", "0h0m", "5", "h", "-5h", "+5h", "1.5h", "5 h", "5x", "5H", "h5", "36501d",
            "99999999999999999999h",
            "9223372036854775807w", String(repeating: "1", count: 65) + "s", "５h", "5h\u{301}",
        ])
    func wrongDurations(_ text: String) { #expect(RetentionPeriod(text) == nil) }

    @Test(
        "patterns choose names",
        arguments: [
            ([], "anything", true), (["v1"], "v1", true), (["v1"], "v10", false), (["v*"], "v10", true),
            (["v*"], "xv1", false), (["*"], "", true), (["*-dev"], "a-dev", true), (["*-dev"], "a-dev-b", false),
            (["a*b*c"], "aXbYbZc", true), (["a*b*c"], "aXcYb", false), (["v?.?"], "v1.2", true),
            (["v?.?"], "v1.20", false), (["!latest"], "latest", false), (["!latest"], "v1", true),
            (["v*", "!v1*"], "v2", true), (["v*", "!v1*"], "v10", false), (["!v1*", "v*"], "v10", false),
            (["a", "b"], "b", true), (["caf\u{E9}"], "cafe\u{301}", false), (["V1"], "v1", false),
            (["v[1]"], "v1", false),
        ] as [([String], String, Bool)])
    func patterns(_ patterns: [String], _ name: String, _ fits: Bool) {
        #expect(NamePatterns(patterns).matches(name) == fits)
    }

    @Test("a pattern made to be slow is not", .timeLimit(.minutes(1)))
    func slowPatterns() {
        let pattern = String(repeating: "*a", count: 100) + "b"
        #expect(!NamePatterns([pattern]).matches(String(repeating: "a", count: 20_000)))
    }

    private static let hex = String(repeating: "ab", count: 32)

    @Test("tags of signatures name their subject", arguments: ["", ".sig", ".att", ".sbom"])
    func signatureTags(_ suffix: String) {
        #expect(SignatureTag("sha256-\(Self.hex)\(suffix)")?.subject == "sha256:\(Self.hex)")
    }

    @Test(
        "other tags do not",
        arguments: [
            "v1", "sha256-", "sha256-\(hex).txt", "sha256-\(hex.uppercased()).sig", "sha256-\(hex)0",
            "sha512-\(hex).sig",
            "sha256-\(hex.dropLast()).sig", "sha256-\(hex).sig.sig", "sha256-\(hex).sig\u{301}",
        ])
    func otherTags(_ tag: String) { #expect(SignatureTag(tag) == nil) }

    typealias Change = @Sendable (inout RetentionPolicySpec) -> Void

    static let refusals: [(Change, String)] = [
        ({ $0.mode = "Delete" }, "spec.mode"), ({ $0.streams = [""] }, "spec.streams[0]"),
        ({ $0.tags = ["v1", "!"] }, "spec.tags[1]"),
        ({ $0.tags = [String(repeating: "x", count: 257)] }, "spec.tags[0]"),
        ({ $0.protectedTags = Array(repeating: "x", count: 101) }, "spec.protectedTags"),
        ({ $0.keep = RetentionKeep() }, "spec.keep"), ({ $0.keep?.revisions = 0 }, "spec.keep.revisions"),
        ({ $0.keep?.revisions = -1 }, "spec.keep.revisions"),
        ({ $0.keep?.duration = "soon" }, "spec.keep.duration"),
        ({ $0.keep?.pulledWithin = "-1h" }, "spec.keep.pulledWithin"),
        ({ $0.expireTagsAfter = "forever" }, "spec.expireTagsAfter"), ({ $0.interval = "1" }, "spec.interval"),
        ({ $0.untaggedAfter = "never" }, "spec.untaggedAfter"),
        (
            {
                $0.streamSelector = ObjectSelector(
                    matchExpressions: [LabelSelectorRequirement(key: "a", operator: "Is", values: [])])
            }, "spec.streamSelector.matchExpressions[0].operator"
        ),
    ]

    @Test("a policy that makes no sense is refused, with the field", arguments: refusals)
    func validation(_ change: Change, _ field: String) {
        var spec = RetentionPolicySpec(mode: "DryRun", streams: ["app*"], keep: RetentionKeep(revisions: 3))
        spec.untaggedAfter = "forever"
        #expect(RetentionPolicyValidation.validate(spec, field: "spec").isEmpty)
        change(&spec)
        #expect(RetentionPolicyValidation.validate(spec, field: "spec").map(\.field) == [field])
    }

    @Test("untagged manifests stay as long as the stream says, else as the longest policy says, else a day")
    func untagged() {
        func rules(_ text: String, mode: String = "Enforce", streams: [String] = []) -> RetentionRules {
            RetentionRules(RetentionPolicySpec(mode: mode, streams: streams, untaggedAfter: text), name: text)
        }
        func period(_ annotation: String?, _ rules: RetentionRules...) -> RetentionRules.Untagged {
            var stream = stream()
            stream.metadata.annotations[KnownAnnotation.untaggedRetention] = annotation
            return UntaggedRetention.of(stream, policies: rules)
        }
        func after(_ seconds: Int64) -> RetentionRules.Untagged { .after(RetentionPeriod(seconds: seconds)) }
        #expect(period(nil) == after(86_400))
        #expect(period(nil, rules("1h")) == after(3_600))
        #expect(period(nil, rules("1h"), rules("2h")) == after(7_200))
        #expect(period(nil, rules("1h"), rules("forever")) == .forever)
        #expect(period(nil, rules("1h"), rules("")) == after(3_600))
        #expect(period(nil, rules("1h", mode: "DryRun")) == after(86_400))
        #expect(period(nil, rules("1h", streams: ["other"])) == after(86_400))
        #expect(period("720h", rules("1h")) == after(2_592_000))
        #expect(period("forever", rules("1h")) == .forever)
        #expect(period("nonsense", rules("1h")) == .forever)
    }
}
