import APIMachinery
import APIServer
import Logging

/// Empties namespaces that are being deleted and lets them go (spec/api-machinery.md 3.7).
public struct NamespaceCleaner: Sendable {
    /// Deletes everything of one type in a namespace.
    /// - Returns: whether anything is left, because finalizers hold it.
    public typealias Content = @Sendable (_ namespace: String, RequestContext) async throws -> Bool

    private let namespaces: Namespaces
    private let contents: [Content]
    private let context: @Sendable () -> RequestContext
    private let logger: Logger

    /// - Parameter context: makes the context of one pass; its user is the server itself.
    public init(
        namespaces: Namespaces, contents: [Content], context: @escaping @Sendable () -> RequestContext, logger: Logger
    ) {
        self.namespaces = namespaces
        self.contents = contents
        self.context = context
        self.logger = logger
    }

    /// The content deleter of a stored type.
    public static func content<Object: APIObject>(of objects: ObjectStore<Object>) -> Content {
        { namespace, context in
            var own = context
            own.namespace = namespace
            own.resource = objects.kind.descriptor.groupResource
            _ = try await objects.deleteCollection(ListOptions(), options: DeleteOptions(), own)
            return try await !objects.list(ListOptions(), own).items.isEmpty
        }
    }

    /// Works until the task is cancelled or the store ends. Starts over from the present state after a fault.
    public func run() async {
        while !Task.isCancelled {
            do {
                let watch = try await namespaces.objects.watch(ListOptions(), context())
                var waiting: [WatchEvent<Namespace>] = []
                while case let events = try await watch.initialEvents(), !events.isEmpty {
                    waiting += try await pass(events)
                }
                while !Task.isCancelled && !watch.isEnded {
                    let deadline = ContinuousClock.now + (waiting.isEmpty ? .seconds(600) : .seconds(1))
                    let events = try await watch.next(deadline: deadline)
                    waiting = try await pass(events + waiting)
                }
                if watch.isEnded { return }
            } catch is CancellationError {
                return
            } catch {
                logger.warning("namespace clean-up failed", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// - Returns: the events whose namespaces still hold something.
    private func pass(_ events: [WatchEvent<Namespace>]) async throws -> [WatchEvent<Namespace>] {
        var waiting: [WatchEvent<Namespace>] = []
        for event in events where event.kind != .deleted {
            let namespace = try event.object.object()
            guard namespace.metadata.deletionTimestamp != nil,
                namespace.spec.finalizers.contains(NamespaceRules.finalizer)
            else { continue }
            if try await !clean(namespace.metadata.name) { waiting.append(event) }
        }
        return waiting
    }

    private func clean(_ name: String) async throws -> Bool {
        var isEmpty = true
        for content in contents where try await content(name, context()) { isEmpty = false }
        guard isEmpty else { return false }
        do {
            _ = try await namespaces.objects.update(
                name, strategy: NamespaceFinalizeStrategy(), options: WriteOptions(), context(),
                change: ObjectChange(isPatch: true) { current in
                    var namespace = try current.object()
                    namespace.spec.finalizers.removeAll { $0 == NamespaceRules.finalizer }
                    return namespace
                })
        } catch let error as APIError where error.reason == "NotFound" {
            // Somebody else let it go.
        }
        return true
    }
}
