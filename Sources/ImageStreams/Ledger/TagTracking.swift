import APIMachinery
import ImageAPI

/// Spec tags that follow another tag of the same stream (spec/image-resources.md 9.8).
enum TagTracking {
    /// The tag a spec tag follows; nil where it follows none of this stream.
    static func followed(by tag: TagReference, in stream: ImageStream) -> String? {
        guard let from = tag.from, from.kind == TagSource.Kind.imageStreamTag.rawValue,
            let source = TagSource(from, of: stream), source.isOwn(stream)
        else { return nil }
        return source.item
    }

    /// Gives the newest event of a tag to every tag that follows it: one level.
    /// - Returns: the followers that changed, in the order of names.
    @discardableResult
    static func propagate(from tag: String, in stream: inout ImageStream) -> [String] {
        guard let event = stream.status.head(of: tag) else { return [] }
        let followers = stream.spec.tags.filter { followed(by: $0, in: stream) == tag }.map(\.name)
        return followers.filter { stream.status.addEvent(event, to: $0) }
    }

    /// Propagates every head event that a write changed, breadth-first; each tag passes its event on at most once, so
    /// that loops end. Tags without events pass nothing on.
    static func propagateAll(in stream: inout ImageStream, old: ImageStream?) {
        var queue = stream.status.tags.filter { entry in
            guard let head = entry.items.first else { return false }
            return head != old?.status.head(of: entry.tag)
        }.map(\.tag)
        var visited = Set(queue)
        var next = queue.startIndex
        while next < queue.endIndex {
            let changed = propagate(from: queue[next], in: &stream)
            queue += changed.filter { visited.insert($0).inserted }
            next += 1
        }
    }
}
