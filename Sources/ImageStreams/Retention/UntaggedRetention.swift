import ImageAPI

/// How long the registry keeps manifests that no tag refers to (spec/registry.md 3.5.4, 5.6 GC-9). Pure.
enum UntaggedRetention {
    /// Where nobody says anything.
    static let standard = RetentionRules.Untagged.after(RetentionPeriod(seconds: 86_400))

    /// The stream's own annotation decides; else the longest of the policies that select it. One that means nothing
    /// keeps for ever.
    static func of(_ stream: ImageStream, policies: [RetentionRules]) -> RetentionRules.Untagged {
        if let text = stream.metadata.annotations[KnownAnnotation.untaggedRetention] {
            return RetentionRules.Untagged(text) ?? .forever
        }
        let said = policies.filter { $0.mode == .enforce && $0.selects(stream) }.compactMap(\.untagged)
        return said.reduce(nil) { longest, next in longest.map { max($0, next) } ?? next } ?? standard
    }
}

extension RetentionRules.Untagged: Comparable {
    static func < (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.after(let first), .after(let second)): first < second
        case (.after, .forever): true
        case (.forever, _): false
        }
    }
}
