import ImageAPI

/// Looks whether a tag has moved where it comes from, before it is pulled (spec/registry.md PT-24).
public protocol TagRefresher: Sendable {
    /// Imports a tag whose source has changed since it was last looked at. Takes no longer than a pull may wait.
    ///
    /// - Parameter age: seconds that the last look may be old.
    func refresh(_ tag: String, of stream: ImageStream, age: Int64) async -> TagFreshness
}

public enum TagFreshness: Hashable, Sendable {
    /// The stream says what the source said not long ago.
    case fresh
    /// The stream has changed.
    case changed
    /// It could not be found out in time.
    case unknown
}

extension ImageStream {
    /// How old the last look at the source of a tag may be when the tag is pulled, in seconds; nil where nobody asks for
    /// that. A tag's annotation comes before its stream's.
    public func refreshAge(of tag: String) -> Int64? {
        guard let spec = spec.tag(tag),
            let text = spec.annotations[KnownAnnotation.refreshOnPull]
                ?? metadata.annotations[KnownAnnotation.refreshOnPull]
        else { return nil }
        return RetentionPeriod(text)?.seconds
    }
}
