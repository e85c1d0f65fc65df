import APIMachinery
import ImageAPI

/// A policy as it is followed: patterns and durations read.
struct RetentionRules: Hashable, Sendable {
    /// What stays of the history of a tag.
    struct Keep: Hashable, Sendable {
        var revisions: Int?
        var duration: RetentionPeriod?
        var pulledWithin: RetentionPeriod?
    }

    enum Mode: String, CaseIterable, Sendable {
        case enforce = "Enforce"
        case warn = "Warn"
        case dryRun = "DryRun"
    }

    /// How long manifests without a tag are kept.
    enum Untagged: Hashable, Sendable {
        case forever
        case after(RetentionPeriod)

        init?(_ text: String) {
            if text == "forever" {
                self = .forever
            } else {
                guard let period = RetentionPeriod(text) else { return nil }
                self = .after(period)
            }
        }
    }

    /// The policy's name; empty for rules that have none.
    var name: String
    var mode = Mode.enforce
    var streams = NamePatterns([])
    var streamSelector: ObjectSelector?
    var tags = NamePatterns([])
    var protectedTags: NamePatterns?
    var keep: Keep?
    var expireTagsAfter: RetentionPeriod?
    var keepsInUse = true
    var untagged: Untagged?
    var interval = Self.standardInterval

    static let standardInterval = RetentionPeriod(seconds: 3_600)

    /// What validation has let in; what it would not have is left out, which keeps more.
    init(_ spec: RetentionPolicySpec, name: String) {
        self.name = name
        // A mode that is not known removes nothing.
        mode = spec.mode.isEmpty ? .enforce : Mode(rawValue: spec.mode) ?? .dryRun
        streams = NamePatterns(spec.streams)
        streamSelector = spec.streamSelector
        tags = NamePatterns(spec.tags)
        protectedTags = spec.protectedTags.isEmpty ? nil : NamePatterns(spec.protectedTags)
        keep = spec.keep.map { keep in
            Keep(
                revisions: keep.revisions.map { max(1, Int($0)) }, duration: RetentionPeriod(keep.duration),
                pulledWithin: RetentionPeriod(keep.pulledWithin))
        }
        expireTagsAfter = RetentionPeriod(spec.expireTagsAfter)
        keepsInUse = spec.keepInUse ?? true
        untagged = Untagged(spec.untaggedAfter)
        interval = RetentionPeriod(spec.interval) ?? Self.standardInterval
    }

    func selects(_ stream: ImageStream) -> Bool {
        selects(name: stream.metadata.name) && (streamSelector?.matches(stream.metadata.labels) ?? true)
    }

    /// Whether a stream of that name may be meant.
    func selects(name: String) -> Bool { streams.matches(name) }

    func protects(_ tag: String) -> Bool { protectedTags?.matches(tag) ?? false }
}
