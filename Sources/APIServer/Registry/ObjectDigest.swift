import APIMachinery
import Store
import Synchronization

/// What follows from each object of a stored type. Where something was written since it was asked for last, only the
/// objects that changed are decoded.
///
/// A write that has returned is seen.
public final class ObjectDigest<Object: APIObject, Value: Sendable>: Sendable {
    private struct Known {
        var stamp: ChangeStamp?
        var values: [String: (revision: Int64, value: Value)] = [:]
        var ordered: [Value] = []
    }

    private let objects: ObjectStore<Object>
    private let make: @Sendable (Object) -> Value
    private let known = Mutex(Known())

    /// - Parameter make: gets an object with its `resourceVersion`.
    public init(of objects: ObjectStore<Object>, make: @escaping @Sendable (Object) -> Value) {
        self.objects = objects
        self.make = make
    }

    /// The values of all objects, in the order of their keys.
    /// - Throws: `APIError` where an object does not decode.
    public func values() async throws -> [Value] {
        // Before the objects: what is written in between is looked at again next time.
        let stamp = objects.changeStamp
        if let values = known.withLock({ $0.stamp == stamp ? $0.ordered : nil }) { return values }
        let entries = try await objects.entries(in: "")
        let before = known.withLock { $0.values }
        var fresh = Known(stamp: stamp)
        fresh.ordered.reserveCapacity(entries.count)
        for entry in entries {
            let value: Value
            if let old = before[entry.key], old.revision == entry.modRevision {
                value = old.value
            } else {
                value = make(try objects.decoded(entry))
            }
            fresh.values[entry.key] = (entry.modRevision, value)
            fresh.ordered.append(value)
        }
        let result = fresh
        known.withLock { $0 = result }
        return result.ordered
    }
}
