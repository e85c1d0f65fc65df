import APIMachinery
import Synchronization

/// Decoded forms of the objects that were written last.
///
/// A write has the object in hand when its bytes come back from the store for the cache, and whoever follows the type
/// or changes the object next wants it decoded again. What is kept is bounded in number and in size.
final class RecentObjects<Object: APIObject>: Sendable {
    private struct State {
        /// By key: bytes on their way through the store, and what they were encoded from.
        var underWay: [String: (bytes: [UInt8], object: Object)] = [:]
        var kept: [String: (revision: Int64, object: Object)] = [:]
        /// The keys of `kept`, oldest first from `next` on.
        var order: [String] = []
        var next = 0
    }

    private let state = Mutex(State())
    private static var capacity: Int { 64 }
    /// Bytes of the largest object that is kept.
    private static var largest: Int { 64 * 1024 }

    /// A write of `bytes`, which `object` encodes to, is about to be committed. Call `settle` when that is over.
    func expect(_ key: String, bytes: [UInt8], object: Object) {
        state.withLock { $0.underWay[key] = (bytes, object) }
    }

    /// The write has been committed, or refused.
    func settle(_ key: String) {
        state.withLock { _ = $0.underWay.removeValue(forKey: key) }
    }

    /// The object of committed bytes, with its `resourceVersion`; nil where they come from elsewhere.
    func arrived(_ key: String, bytes: [UInt8], revision: Int64) -> Object? {
        state.withLock { state in
            guard let write = state.underWay[key], write.bytes == bytes else { return nil }
            var object = write.object
            object.metadata.resourceVersion = String(revision)
            if bytes.count <= Self.largest { Self.keep(key, revision, object, in: &state) }
            return object
        }
    }

    /// The stored object of a revision, if it is still here.
    func object(_ key: String, revision: Int64) -> Object? {
        state.withLock { state in
            guard let kept = state.kept[key], kept.revision == revision else { return nil }
            return kept.object
        }
    }

    private static func keep(_ key: String, _ revision: Int64, _ object: Object, in state: inout State) {
        guard state.kept.updateValue((revision, object), forKey: key) == nil else { return }
        if state.order.count < capacity {
            state.order.append(key)
        } else {
            state.kept[state.order[state.next]] = nil
            state.order[state.next] = key
            state.next = (state.next + 1) % capacity
        }
    }
}
