import APIMachinery
import APIServer
import ImageAPI
import JSON

/// What one write does to one tag: its newest event before and after.
///
/// Nil on one side means that the tag has no event there. Changes of the generation alone are no change of the tag.
public struct TagChange: Sendable, Hashable {
    public var tag: String
    public var from: TagEvent?
    public var to: TagEvent?

    public init(tag: String, from: TagEvent?, to: TagEvent?) {
        self.tag = tag
        self.from = from
        self.to = to
    }

    /// The tags whose newest event differs, in the order of names. Nil stands for a stream that does not exist.
    public static func between(_ old: ImageStream?, _ new: ImageStream?) -> [TagChange] {
        let difference = HistoryDifference(old, new)
        let names = Set((difference.old + difference.new).map { ExactString($0.tag) })
        return names.map(\.text).sorted(by: Exactly.precedes).compactMap { name in
            let from = old?.status.head(of: name)
            let to = new?.status.head(of: name)
            if from == nil && to == nil { return nil }
            if let from, let to, from.image == to.image, from.dockerImageReference == to.dockerImageReference {
                return nil
            }
            return TagChange(tag: name, from: from, to: to)
        }
    }
}

extension RequestContext {
    /// A context whose writes have a cause of their own in the history, unless somebody gave one already.
    func with(cause: String) -> RequestContext {
        guard self.cause == "edit" else { return self }
        var context = self
        context.cause = cause
        return context
    }
}
