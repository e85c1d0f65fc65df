import APIMachinery
import ImageAPI
import JSON

/// What a policy removes from a stream, and why. A function of values: the same arguments give the same answer, and with
/// more known of use and pulls it removes no more.
///
/// A tag or an image goes where the policy says so and no other policy for the same tag keeps it. The newest image of a
/// tag goes with the tag alone.
struct RetentionDecision: Sendable {
    enum Reason: String, Sendable {
        case beyondKept = "BeyondKept"
        case tagExpired = "TagExpired"
        case tagExpiredByAnnotation = "TagExpiredByAnnotation"
        case subjectGone = "SubjectGone"
    }

    struct Removal: Hashable, Sendable {
        var tag: String
        /// The place of the event in the tag's history.
        var index: Int
        var event: TagEvent
        /// The tag goes, and with it its whole history.
        var wholeTag: Bool
        var reason: Reason
        /// Why, for people.
        var message: String
    }

    /// In the order of tags, and in each the newest first.
    private(set) var removals: [Removal] = []
    /// What could not be understood.
    private(set) var warnings: [String] = []

    private let stream: ImageStream
    private let remover: RetentionRules
    private let keepers: [RetentionRules]
    private let facts: RetentionFacts

    /// - Parameters:
    ///   - remover: the policy whose removals are asked for; it selects the stream.
    ///   - keepers: the other policies of the namespace that are enforced; those for other streams do not matter.
    init(of stream: ImageStream, by remover: RetentionRules, besides keepers: [RetentionRules], _ facts: RetentionFacts)
    {
        self.stream = stream
        self.remover = remover
        self.keepers = keepers.filter { $0.selects(stream) }
        self.facts = facts
        guard remover.selects(stream) else { return }
        var left = Set<String>()
        var signatures: [(tag: NamedTagEventList, subject: String)] = []
        for entry in stream.status.tags where !entry.items.isEmpty {
            if let signature = SignatureTag(entry.tag) {
                signatures.append((entry, signature.subject))
            } else {
                decide(entry, left: &left)
            }
        }
        if !signatures.isEmpty { decide(signatures, left: left) }
        removals.sort {
            Exactly.equal($0.tag, $1.tag) ? $0.index < $1.index : Exactly.precedes($0.tag, $1.tag)
        }
    }

    /// The policies for a tag that this one has to agree with.
    private func policies(for tag: String) -> [RetentionRules] { [remover] + keepers.filter { $0.tags.matches(tag) } }

    private func isOpen(_ tag: String) -> Bool {
        remover.tags.matches(tag) && !isProtected(tag)
    }

    private func isProtected(_ tag: String) -> Bool { remover.protects(tag) || keepers.contains { $0.protects(tag) } }

    // MARK: Ordinary tags

    private mutating func decide(_ entry: NamedTagEventList, left: inout Set<String>) {
        let first = removals.count
        if isOpen(entry.tag) {
            let policies = policies(for: entry.tag)
            if let (reason, message) = expiry(of: entry, policies) {
                removeTag(entry, reason, message)
                return
            }
            removeRevisions(of: entry, policies)
        }
        let removed = Set(removals[first...].map(\.index))
        for (index, event) in entry.items.enumerated() where !removed.contains(index) { left.insert(event.image) }
    }

    private mutating func removeTag(_ entry: NamedTagEventList, _ reason: Reason, _ message: String) {
        for (index, event) in entry.items.enumerated() {
            removals.append(
                Removal(
                    tag: entry.tag, index: index, event: event, wholeTag: true, reason: reason, message: message))
        }
    }

    /// Why a tag ends now; nil where it does not.
    private mutating func expiry(
        of entry: NamedTagEventList, _ policies: [RetentionRules]
    ) -> (Reason, String)? {
        let head = entry.items[0]
        let outcome: (Reason, String)
        switch TagExpiry.of(entry.tag, head: head, in: stream) {
        case (nil, let text):
            warnings.append(
                "the annotation \(KnownAnnotation.expires) of tag \(entry.tag) is neither a time, a duration nor never: \(goQuoted(String(text.prefix(64))))"
            )
            return nil
        case (.never, _): return nil
        case (.at(let time), let text):
            guard time <= facts.now else { return nil }
            outcome = (.tagExpiredByAnnotation, "the annotation \(KnownAnnotation.expires) says \(text)")
        case (.unsaid, _):
            guard let period = remover.expireTagsAfter else { return nil }
            let longest = policies.compactMap(\.expireTagsAfter).max() ?? period
            guard head.created.adding(longest) <= facts.now else { return nil }
            if policies.contains(where: { isPulled(head.image, $0) }) { return nil }
            outcome = (
                .tagExpired, "its newest image is from \(head.created), longer ago than the policy lets tags stay"
            )
        }
        if policies.contains(where: \.keepsInUse), facts.usedTags.contains(entry.tag) || facts.isInUse(head.image) {
            return nil
        }
        return outcome
    }

    private func isPulled(_ image: String, _ policy: RetentionRules) -> Bool {
        policy.keep?.pulledWithin.map { facts.wasPulled(image, within: $0) } ?? false
    }

    /// Earlier images that nothing keeps.
    private mutating func removeRevisions(of entry: NamedTagEventList, _ policies: [RetentionRules]) {
        guard remover.keep != nil else { return }
        for index in entry.items.indices.dropFirst() {
            let event = entry.items[index]
            // An image was the newest until the next one came.
            let replaced = entry.items[index - 1].created
            let isKept = policies.contains { policy in
                guard let keep = policy.keep else { return false }
                return keep.revisions.map { index < $0 } ?? false
                    || keep.duration.map { replaced.adding($0) > facts.now } ?? false
                    || isPulled(event.image, policy)
            }
            if isKept || policies.contains(where: \.keepsInUse) && facts.isInUse(event.image) { continue }
            removals.append(
                Removal(
                    tag: entry.tag, index: index, event: event, wholeTag: false, reason: .beyondKept,
                    message: "number \(index + 1) of the tag's images, replaced at \(replaced)"))
        }
    }

    // MARK: Signatures

    /// Tags that belong to an image live as long as it does (spec/registry.md 6.8).
    ///
    /// - Parameter left: the images of other tags that stay.
    private mutating func decide(_ signatures: [(tag: NamedTagEventList, subject: String)], left: Set<String>) {
        var alive = facts.closure(of: left).union(facts.untagged)
        let removed = facts.closure(of: removals.map(\.event.image))
        var open = signatures
        // What signs a signature lives as long as that.
        var count: Int
        repeat {
            count = open.count
            open.removeAll { entry, subject in
                guard alive.contains(subject) || !mayEnd(entry, hasLostSubject: removed.contains(subject)) else {
                    return false
                }
                alive.formUnion(facts.closure(of: entry.items.map(\.image)))
                return true
            }
        } while open.count < count
        for (entry, subject) in open {
            removeTag(entry, .subjectGone, "\(subject) is not in the image stream any more")
        }
        let ended = Set(open.map { ExactString($0.tag.tag) })
        for (entry, _) in signatures where !ended.contains(ExactString(entry.tag)) && isOpen(entry.tag) {
            removeRevisions(of: entry, policies(for: entry.tag))
        }
    }

    /// Whether a tag may go once its subject has gone. One that came before its subject, or whose subject went in some
    /// other way, waits as long as untagged manifests do.
    private func mayEnd(_ entry: NamedTagEventList, hasLostSubject: Bool) -> Bool {
        if isProtected(entry.tag) || facts.usedTags.contains(entry.tag) || facts.isInUse(entry.items[0].image) {
            return false
        }
        if hasLostSubject { return true }
        guard remover.keep != nil || remover.expireTagsAfter != nil, remover.tags.matches(entry.tag),
            case .after(let period) = facts.untaggedPeriod
        else { return false }
        return entry.items[0].created.adding(period) <= facts.now
    }
}
