import APIMachinery
import APIServer
import JSON
import Logging

/// Keeps the rules of cluster roles that are gathered from others (spec/api-machinery.md 9.7).
public struct RoleAggregator: Sendable {
    private let roles: ObjectStore<ClusterRole>
    private let escalation: EscalationCheck
    private let context: @Sendable () -> RequestContext
    private let logger: Logger

    /// - Parameter context: makes the context of one pass; its user is the server itself.
    public init(_ roles: Roles, context: @escaping @Sendable () -> RequestContext, logger: Logger) {
        self.roles = roles.objects.clusterRoles
        escalation = EscalationCheck(authorizer: roles.authorizer)
        self.context = context
        self.logger = logger
    }

    /// Works until the task is cancelled or the store ends. Starts over from the present state after a fault.
    public func run() async {
        while !Task.isCancelled {
            do {
                let watch = try await roles.watch(ListOptions(), context())
                try await watch.forEach { _ in try await pass() }
                if watch.isEnded { return }
            } catch is CancellationError {
                return
            } catch {
                logger.warning("aggregation of roles failed", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Brings all roles up to date.
    func pass() async throws {
        let context = context()
        let all = try await roles.list(ListOptions(), context).allItems().map { try $0.object() }
            .sorted { Exactly.precedes($0.metadata.name, $1.metadata.name) }
        for role in all {
            guard let aggregation = role.aggregationRule else { continue }
            let rules = Self.rules(aggregation, of: role.metadata.name, from: all)
            if rules == role.rules { continue }
            do {
                _ = try await roles.update(
                    role.metadata.name, strategy: RoleStrategy<ClusterRole>(escalation: escalation),
                    options: WriteOptions(), context,
                    change: ObjectChange(isPatch: true) { current in
                        var role = try current.object()
                        if role.aggregationRule == aggregation { role.rules = rules }
                        return role
                    })
            } catch let error as APIError where error.reason == "NotFound" {
                continue
            }
        }
    }

    /// The rules of all roles that a selector matches, in the order of their names, each once. A role is no part of
    /// itself.
    static func rules(_ aggregation: AggregationRule, of name: String, from roles: [ClusterRole]) -> [PolicyRule] {
        var rules: [PolicyRule] = []
        var seen = Set<PolicyRule>()
        for role in roles where !Exactly.equal(role.metadata.name, name) {
            guard aggregation.clusterRoleSelectors.contains(where: { $0.matches(role.metadata.labels) }) else {
                continue
            }
            for rule in role.rules where seen.insert(rule).inserted { rules.append(rule) }
        }
        return rules
    }
}
