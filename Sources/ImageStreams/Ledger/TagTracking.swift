import APIMachinery
import ImageAPI
import JSON

/// Spec tags that follow another tag of the same stream (spec/image-resources.md 9.8).
enum TagTracking {
    /// The tag a spec tag follows; nil where it follows none of this stream.
    static func followed(by tag: TagReference, in stream: ImageStream) -> String? {
        guard let from = tag.from, from.kind == TagSource.Kind.imageStreamTag.rawValue,
            let source = TagSource(from, of: stream), source.isOwn(stream)
        else { return nil }
        return source.item
    }

    /// The followers of each tag that has some, in the order of names.
    static func followers(in stream: ImageStream) -> [ExactString: [String]] {
        var followers: [ExactString: [String]] = [:]
        for tag in stream.spec.tags {
            if let source = followed(by: tag, in: stream) {
                followers[ExactString(source), default: []].append(tag.name)
            }
        }
        return followers
    }

    /// Gives the newest event of a tag to every tag that follows it: one level.
    /// - Returns: the followers that changed, in the order of names.
    @discardableResult
    static func propagate(from tag: String, in stream: inout ImageStream) -> [String] {
        propagate(from: tag, to: followers(in: stream)[ExactString(tag)] ?? [], in: &stream)
    }

    private static func propagate(
        from tag: String, to followers: [String], in stream: inout ImageStream
    ) -> [String] {
        guard !followers.isEmpty, let event = stream.status.head(of: tag) else { return [] }
        return followers.filter { stream.status.addEvent(event, to: $0) }
    }

    /// Propagates every head event that a write changed, breadth-first; each tag passes its event on at most once, so
    /// that loops end. Tags without events pass nothing on.
    static func propagateAll(in stream: inout ImageStream, old: ImageStream?) {
        if let old, stream.status.tags == old.status.tags { return }
        let followers = followers(in: stream)
        guard !followers.isEmpty else { return }
        var queue = stream.status.tags.filter { entry in
            entry.items.first.map { $0 != old?.status.head(of: entry.tag) } ?? false
        }.map(\.tag)
        var visited = Set(queue.map(ExactString.init))
        var next = queue.startIndex
        while next < queue.endIndex {
            let changed = propagate(from: queue[next], to: followers[ExactString(queue[next])] ?? [], in: &stream)
            queue += changed.filter { visited.insert(ExactString($0)).inserted }
            next += 1
        }
    }
}
