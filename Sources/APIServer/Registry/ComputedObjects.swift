import APIMachinery
import Store
import Synchronization

/// Objects that are computed from stored ones, as they were encoded last; bounded.
///
/// Each is kept with what tells whether its sources are still the same, such as their revisions. As long as they are,
/// nothing is decoded and nothing computed again.
public final class ComputedObjects<Object: APIObject, Sources: Sendable>: Sendable {
    public struct Key: Hashable, Sendable {
        let namespace: StoreKey
        let name: StoreKey

        public init(namespace: String, name: String) {
            self.namespace = StoreKey(namespace)
            self.name = StoreKey(name)
        }
    }

    private struct Known {
        var encoded: EncodedObject
        var sources: Sources
    }

    private let known: Mutex<BoundedCache<Key, Known>>

    public init(maximumBytes: Int) {
        known = Mutex(BoundedCache(maximumBytes: maximumBytes))
    }

    /// An object as it was computed last, if that is still what it is.
    /// - Parameters:
    ///   - isCurrent: whether the sources are the same as then.
    ///   - compute: makes the object; without sources it is not kept.
    public func output(
        _ key: Key, isCurrent: (Sources) async throws -> Bool,
        compute: () async throws -> (object: Object, sources: Sources?)
    ) async throws -> Output<Object> {
        if let known = known.withLock({ $0.value(for: key) }), try await isCurrent(known.sources) {
            return Output(known.encoded)
        }
        let (object, sources) = try await compute()
        let encoded = EncodedObject(object)
        known.withLock { known in
            guard let sources else { return known.remove(key) }
            known.set(key, Known(encoded: encoded, sources: sources), bytes: encoded.json.count)
        }
        return Output(encoded)
    }
}
