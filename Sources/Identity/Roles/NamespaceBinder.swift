import APIMachinery
import APIServer
import Logging

/// Gives every namespace the bindings it begins with (spec/image-resources.md 22): when it is made, and when the server
/// starts.
public struct NamespaceBinder: Sendable {
    private let namespaces: Namespaces
    private let roles: Roles
    private let context: @Sendable () -> RequestContext
    private let logger: Logger

    /// - Parameter context: makes the context of one pass; its user is the server itself.
    public init(
        _ namespaces: Namespaces, _ roles: Roles, context: @escaping @Sendable () -> RequestContext, logger: Logger
    ) {
        self.namespaces = namespaces
        self.roles = roles
        self.context = context
        self.logger = logger
    }

    /// Works until the task is cancelled or the store ends. Starts over from the present state after a fault.
    public func run() async {
        while !Task.isCancelled {
            do {
                let watch = try await namespaces.objects.watch(ListOptions(), context())
                try await watch.forEach { events in
                    for event in events where event.kind == .added { try await bind(try event.object.object()) }
                }
                if watch.isEnded { return }
            } catch is CancellationError {
                return
            } catch {
                logger.warning("bindings of namespaces failed", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func bind(_ namespace: Namespace) async throws {
        guard namespace.metadata.deletionTimestamp == nil else { return }
        do {
            try await roles.createBindings(in: namespace.metadata.name, context())
        } catch let error as APIError where ["NotFound", "Forbidden"].contains(error.reason) {
            // The namespace is on its way out.
        }
    }
}
