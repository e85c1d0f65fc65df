import APIServer
import Synchronization

/// What is asked of namespaces with every request: decoded once a change. A class because all copies share it.
final class NamespaceFacts: Sendable {
    struct Facts: Sendable {
        /// Of the object; a write changes it.
        var revision: Int64
        var uid: String
        var annotations: [String: String]
    }

    private let objects: ObjectStore<Namespace>
    private let known = Mutex<[String: Facts]>([:])

    private static let capacity = 10_000

    init(_ objects: ObjectStore<Namespace>) { self.objects = objects }

    /// - Returns: nil where there is no such namespace.
    func of(_ namespace: String) async throws -> Facts? {
        guard let revision = try await objects.revision(of: namespace, namespace: "") else { return nil }
        if let facts = known.withLock({ $0[namespace] }), facts.revision == revision { return facts }
        guard let object = try await objects.object(namespace, namespace: "") else { return nil }
        // It may be a later one by now.
        let facts = Facts(
            revision: Int64(object.metadata.resourceVersion) ?? 0, uid: object.metadata.uid,
            annotations: object.metadata.annotations)
        known.withLock { known in
            if known.count >= Self.capacity { known = [:] }
            known[namespace] = facts
        }
        return facts
    }
}
