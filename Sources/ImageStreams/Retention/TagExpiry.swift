import APIMachinery
import ImageAPI

/// When a tag ends by what its stream's annotations say (`weir.dev/expires`).
enum TagExpiry: Hashable, Sendable {
    /// No annotation says anything.
    case unsaid
    case never
    case at(Timestamp)

    /// A tag's own annotation, in the stream's spec, comes before the one of the stream. A duration counts from the
    /// moment at which the tag got its newest image.
    ///
    /// - Returns: nil with the text for an annotation that means nothing: then the tag stays.
    static func of(_ tag: String, head: TagEvent, in stream: ImageStream) -> (expiry: TagExpiry?, text: String) {
        let key = KnownAnnotation.expires
        guard let text = stream.spec.tag(tag)?.annotations[key] ?? stream.metadata.annotations[key] else {
            return (.unsaid, "")
        }
        if text == "never" { return (.never, text) }
        if let period = RetentionPeriod(text) { return (.at(head.created.adding(period)), text) }
        if text.utf8.count <= 64, let time = try? Timestamp(parsing: text) { return (.at(time), text) }
        return (nil, text)
    }
}

extension Timestamp {
    /// Times near the end of what can be counted stay there.
    func adding(_ period: RetentionPeriod) -> Timestamp {
        let (sum, isTooLate) = secondsSince1970.addingReportingOverflow(period.seconds)
        return Timestamp(secondsSince1970: isTooLate ? .max : sum)
    }
}
