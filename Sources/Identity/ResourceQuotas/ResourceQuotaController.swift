import APIMachinery
import APIServer
import Logging

/// A type whose objects quotas count.
public struct CountedObjects: Sendable {
    typealias Changed = @Sendable (_ namespace: String) async throws -> Void

    /// The names under which quotas count them; the same that their claims carry.
    let quotaNames: [String]
    let names: @Sendable (_ namespace: String) async throws -> [String]
    /// Tells the namespaces in which objects come and go, from now on, until it throws or the store ends.
    let follow: @Sendable (RequestContext, _ changed: Changed) async throws -> Void

    public init<Object: APIObject>(_ objects: ObjectStore<Object>, quotaNames: [String]) {
        self.quotaNames = quotaNames
        names = { try await objects.names(in: $0) }
        follow = { context, changed in
            var options = ListOptions()
            options.sendInitialEvents = false
            let watch = try await objects.watch(options, context)
            // What happened before the watch began.
            try await changed("")
            try await watch.forEach { events in
                for event in events where event.kind != .modified { try await changed(event.namespace) }
            }
        }
    }
}

/// Something of a namespace that quotas bound by its amount.
public struct MeasuredUse: Sendable {
    let quotaName: String
    let amount: @Sendable (_ namespace: String) async throws -> Quantity
    let follow: @Sendable (RequestContext, _ changed: CountedObjects.Changed) async throws -> Void

    /// - Parameters:
    ///   - quotaName: under which quotas bound it.
    ///   - objects: it shrinks where one of them goes. What else changes it tells the quotas itself.
    ///   - shrunk: gets to know that before the amount is asked for.
    public init<Object: APIObject>(
        _ quotaName: String, of objects: ObjectStore<Object>, shrunk: @escaping @Sendable (_ namespace: String) -> Void,
        amount: @escaping @Sendable (_ namespace: String) async throws -> Quantity
    ) {
        self.quotaName = quotaName
        self.amount = amount
        follow = { context, changed in
            var options = ListOptions()
            options.sendInitialEvents = false
            let watch = try await objects.watch(options, context)
            try await watch.forEach { events in
                for event in events where event.kind == .deleted {
                    shrunk(event.namespace)
                    try await changed(event.namespace)
                }
            }
        }
    }
}

/// Keeps `status.hard` and `status.used` of quotas true (spec/image-resources.md 19.1): counts again where a quota
/// changes and where objects come and go.
public struct ResourceQuotaController: Sendable {
    private let quotas: ResourceQuotas
    private let counted: [CountedObjects]
    private let measured: [MeasuredUse]
    private let context: @Sendable () -> RequestContext
    private let logger: Logger

    /// - Parameter context: makes the context of the controller's reads; its user is the server itself.
    public init(
        quotas: ResourceQuotas, counted: [CountedObjects], measured: [MeasuredUse] = [],
        context: @escaping @Sendable () -> RequestContext, logger: Logger
    ) {
        self.quotas = quotas
        self.counted = counted
        self.measured = measured
        self.context = context
        self.logger = logger
    }

    /// Works until the task is cancelled or the store ends.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            for objects in counted { group.addTask { await follow(objects.follow) } }
            for use in measured { group.addTask { await follow(use.follow) } }
            group.addTask { await follow(changedQuotas) }
            group.addTask { await count() }
            await group.waitForAll()
        }
    }

    /// Begins with all quotas there are.
    @Sendable
    private func changedQuotas(_ context: RequestContext, _ changed: CountedObjects.Changed) async throws {
        let watch = try await quotas.objects.watch(ListOptions(), context)
        try await watch.forEach { events in
            for event in events where event.kind != .deleted { try await changed(event.namespace) }
        }
    }

    private func follow(
        _ changes: @Sendable (RequestContext, CountedObjects.Changed) async throws -> Void
    ) async {
        while !Task.isCancelled {
            do {
                return try await changes(context()) { namespace in
                    // No namespace stands for all of them.
                    for namespace in namespace.isEmpty ? try await quotas.objects.occupiedNamespaces() : [namespace] {
                        quotas.claims.recount(namespace)
                    }
                }
            } catch is CancellationError {
                return
            } catch {
                logger.warning("following what quotas count failed", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func count() async {
        while !Task.isCancelled {
            for namespace in await quotas.claims.takeDirty() {
                do {
                    try await count(namespace)
                } catch let error as APIError where ["Conflict", "NotFound"].contains(error.reason) {
                    // Somebody else wrote the quota, and its event is on the way; count at once all the same.
                    quotas.claims.recount(namespace)
                } catch {
                    logger.warning(
                        "counting for quotas failed", metadata: ["namespace": "\(namespace)", "error": "\(error)"])
                    Task {
                        try? await Task.sleep(for: .seconds(1))
                        quotas.claims.recount(namespace)
                    }
                }
            }
        }
    }

    /// Counts one namespace and enters the figures where they differ.
    func count(_ namespace: String) async throws {
        let amounts = try await amounts(in: namespace)
        try await quotas.claims.alone(in: namespace) {
            let all = try await quotas.quotas(in: namespace)
            if all.isEmpty { return }
            let limited = all.reduce(into: Set<String>()) { $0.formUnion($1.spec.hard.keys) }
            var counts = amounts
            for objects in counted where !limited.isDisjoint(with: objects.quotaNames) {
                // In this order: an object that comes to be in between is in both, and one name counts once.
                let pending = quotas.claims.pending(objects.quotaNames, in: namespace)
                let count = pending.names.union(try await objects.names(namespace)).count + pending.unnamed
                for name in objects.quotaNames { counts[name] = Quantity(Int64(count)) }
            }
            for quota in all {
                let status = QuotaUsage.status(of: quota, counts: counts)
                if status != quota.status { try await quotas.write(status, to: quota) }
            }
        }
    }

    /// Measuring may take a while, in which others can create objects.
    private func amounts(in namespace: String) async throws -> [String: Quantity] {
        var amounts: [String: Quantity] = [:]
        let all = try await quotas.quotas(in: namespace)
        for use in measured where all.contains(where: { $0.spec.hard[use.quotaName] != nil }) {
            amounts[use.quotaName] = try await use.amount(namespace)
        }
        return amounts
    }
}
