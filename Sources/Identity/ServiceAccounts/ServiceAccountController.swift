import APIMachinery
import APIServer
import Logging

/// Gives every namespace its service accounts, and gives them back where somebody deletes them.
public struct ServiceAccountController: Sendable {
    private let accounts: ServiceAccounts
    private let namespaces: Namespaces
    private let context: @Sendable () -> RequestContext
    private let logger: Logger

    /// - Parameter context: makes the context of one write; its user is the server itself.
    public init(
        accounts: ServiceAccounts, namespaces: Namespaces, context: @escaping @Sendable () -> RequestContext,
        logger: Logger
    ) {
        self.accounts = accounts
        self.namespaces = namespaces
        self.context = context
        self.logger = logger
    }

    /// Works until the task is cancelled or the store ends.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await follow(newNamespaces) }
            group.addTask { await follow(deletedAccounts) }
            await group.waitForAll()
        }
    }

    /// Begins with all namespaces there are.
    @Sendable
    private func newNamespaces() async throws {
        let watch = try await namespaces.objects.watch(ListOptions(), context())
        try await watch.forEach { events in
            for event in events where event.kind == .added {
                try await accounts.createPermanent(in: event.name, context())
            }
        }
    }

    @Sendable
    private func deletedAccounts() async throws {
        var options = ListOptions()
        options.sendInitialEvents = false
        let watch = try await accounts.objects.watch(options, context())
        // What was deleted before the watch began.
        for name in try await namespaces.objects.names(in: "") {
            try await accounts.createPermanent(in: name, context())
        }
        try await watch.forEach { events in
            for event in events where event.kind == .deleted && ServiceAccountRules.permanent.contains(event.name) {
                try await accounts.createPermanent(in: event.namespace, context())
            }
        }
    }

    /// Starts over from the present state after a fault.
    private func follow(_ changes: @Sendable () async throws -> Void) async {
        while !Task.isCancelled {
            do {
                return try await changes()
            } catch is CancellationError {
                return
            } catch {
                logger.warning("creating service accounts failed", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }
}
