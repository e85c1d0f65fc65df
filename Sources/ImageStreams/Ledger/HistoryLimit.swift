import APIMachinery
import ImageAPI
import JSON

/// The bound a stream or a tag may put on its own history, which otherwise grows for ever (spec/import-and-controllers.md
/// H.5, spec/registry.md 6.6).
enum HistoryLimit {
    private static let keys = [KnownAnnotation.historyLimit, KnownAnnotation.history]

    /// Cuts the oldest events of each tag that has more than the stream wants to keep. A tag's own bound, in the spec,
    /// comes before that of the stream; of two annotations at one place the smaller number counts.
    ///
    /// - Returns: what is wrong with the annotations.
    static func apply(to stream: inout ImageStream) -> [FieldError] {
        var errors: [FieldError] = []
        let general = limit(in: stream.metadata.annotations, field: "metadata.annotations", &errors)
        var own: [ExactString: Int] = [:]
        for tag in stream.spec.tags where !tag.annotations.isEmpty {
            own[ExactString(tag.name)] = limit(
                in: tag.annotations, field: "spec.tags[\(tag.name)].annotations", &errors)
        }
        guard errors.isEmpty, general != nil || !own.isEmpty else { return errors }
        for index in stream.status.tags.indices {
            guard let limit = own[ExactString(stream.status.tags[index].tag)] ?? general,
                stream.status.tags[index].items.count > limit
            else { continue }
            stream.status.tags[index].items.removeSubrange(limit...)
        }
        return []
    }

    private static func limit(
        in annotations: [String: String], field: String, _ errors: inout [FieldError]
    ) -> Int? {
        var limits: [Int] = []
        for key in keys {
            guard let text = annotations[key] else { continue }
            if let limit = Int(text), limit > 0 {
                limits.append(limit)
            } else {
                errors.append(.invalid("\(field)[\(key)]", .string(text), "must be a number from 1 on"))
            }
        }
        return limits.min()
    }
}
