import APIMachinery
import Store
import Synchronization

/// Decoded forms of the objects that were written or read last.
///
/// A write has the object in hand when its bytes come back from the store for the cache, and whoever reads or changes the
/// object next wants it decoded again. What is kept is bounded by its size.
final class RecentObjects<Object: APIObject>: Sendable {
    private struct State {
        /// By key: bytes on their way through the store, and what they were encoded from.
        var underWay: [String: (bytes: [UInt8], object: Object)] = [:]
        var kept = BoundedCache<StoreKey, (revision: Int64, object: Object)>(maximumBytes: room)
    }

    private let state = Mutex(State())
    /// Bytes that the decoded objects take, about.
    private static var room: Int { 2 << 20 }
    /// How many times as much as its JSON an object takes when it is decoded, about.
    private static var growth: Int { 3 }
    /// Bytes of the largest object that is kept.
    private static var largest: Int { 256 << 10 }

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
        guard let write = state.withLock({ $0.underWay[key] }), write.bytes == bytes else { return nil }
        var object = write.object
        object.metadata.resourceVersion = String(revision)
        keep(key, revision: revision, object, bytes: bytes.count)
        return object
    }

    /// The stored object of a revision, if it is still here.
    func object(_ key: String, revision: Int64) -> Object? {
        state.withLock { state in
            guard let kept = state.kept.value(for: StoreKey(key)), kept.revision == revision else { return nil }
            return kept.object
        }
    }

    /// An object was decoded to be read.
    /// - Parameter bytes: its size as it is stored.
    func keep(_ key: String, revision: Int64, _ object: Object, bytes: Int) {
        guard bytes <= Self.largest else { return }
        let dropped = state.withLock { $0.kept.set(StoreKey(key), (revision, object), bytes: Self.growth * bytes) }
        _ = consume dropped
    }
}
