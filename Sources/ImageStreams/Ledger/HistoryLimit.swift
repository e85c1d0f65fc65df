import APIMachinery
import ImageAPI

/// The bound a stream may put on its own history, which otherwise grows for ever (spec/import-and-controllers.md H.5).
enum HistoryLimit {
    private static let field = "metadata.annotations[\(KnownAnnotation.historyLimit)]"

    /// Cuts the oldest events of each tag that has more than the stream wants to keep.
    ///
    /// - Returns: what is wrong with the annotation.
    static func apply(to stream: inout ImageStream) -> [FieldError] {
        guard let text = stream.metadata.annotations[KnownAnnotation.historyLimit] else { return [] }
        guard let limit = Int(text), limit > 0 else {
            return [.invalid(field, .string(text), "must be a number from 1 on")]
        }
        for index in stream.status.tags.indices where stream.status.tags[index].items.count > limit {
            stream.status.tags[index].items.removeSubrange(limit...)
        }
        return []
    }
}
