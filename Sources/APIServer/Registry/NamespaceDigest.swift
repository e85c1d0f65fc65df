import APIMachinery
import Store
import Synchronization

/// Something that follows from all objects of a namespace, such as its limits. It is worked out when it is asked for
/// and one of the objects has changed since; otherwise nothing is decoded.
///
/// A write that has returned is seen.
public final class NamespaceDigest<Object: APIObject, Value: Sendable>: Sendable {
    private struct Known {
        /// Of all objects, in the order of their names. A revision belongs to one write, so equal ones mean that nothing
        /// was written.
        var revisions: [Int64]
        var value: Value
    }

    private let objects: ObjectStore<Object>
    private let make: @Sendable ([Object]) -> Value
    private struct State {
        /// By namespace; those without objects are not kept.
        var known: [String: Known] = [:]
        /// How many are kept before those are looked for that lost their objects and were not asked for since.
        var limit = 256
    }

    private let state = Mutex(State())

    /// - Parameter make: gets the objects of one namespace, with their `resourceVersion`, in the order of their names.
    public init(of objects: ObjectStore<Object>, make: @escaping @Sendable ([Object]) -> Value) {
        self.objects = objects
        self.make = make
    }

    /// - Throws: `APIError` where an object does not decode.
    public func value(in namespace: String) async throws -> Value {
        let entries = try await objects.entries(in: namespace)
        let revisions = entries.map(\.modRevision)
        if let value = state.withLock({ $0.known[namespace].flatMap { $0.revisions == revisions ? $0.value : nil } }) {
            return value
        }
        let value = make(try entries.map(objects.decoded))
        try await keep(revisions.isEmpty ? nil : Known(revisions: revisions, value: value), for: namespace)
        return value
    }

    private func keep(_ known: Known?, for namespace: String) async throws {
        let isFull = state.withLock { state in
            state.known[namespace] = known
            return state.known.count > state.limit
        }
        guard isFull else { return }
        let occupied = try await objects.occupiedNamespaces()
        state.withLock { state in
            state.known = state.known.filter { occupied.contains($0.key) }
            state.limit = max(256, state.known.count * 2)
        }
    }
}

extension ObjectStore {
    /// The number of objects.
    public var count: Int { cache.count }

    /// The names of the objects of a namespace, or of a type without namespaces, in order. Reads no object.
    /// - Parameters:
    ///   - name: only those that follow this name.
    ///   - limit: at most so many; 0 = all.
    public func names(in namespace: String, after name: String = "", limit: Int = 0) async throws -> [String] {
        let range = range(namespace: namespace)
        let rest = name.isEmpty ? range : range.after(key(name, namespace: namespace))
        return try await keys(in: rest, limit: limit).map { names(of: $0).name }
    }

    /// The namespaces that have objects. Reads no object.
    public func occupiedNamespaces() async throws -> Set<String> {
        Set(try await keys(in: range(namespace: "")).map { names(of: $0).namespace })
    }

    private func keys(in range: KeyRange, limit: Int = 0) async throws(APIError) -> [String] {
        do throws(StoreError) { return try await cache.keys(in: range, limit: limit) } catch {
            throw APIError(error)
        }
    }

    /// The present objects of a namespace, or of the whole type for the empty namespace.
    func entries(in namespace: String) async throws -> [CacheEntry<StoredObject>] {
        do { return try await cache.snapshot(of: range(namespace: namespace)).entries } catch {
            throw APIError(error)
        }
    }
}
