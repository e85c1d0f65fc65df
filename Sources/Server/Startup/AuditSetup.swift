import APIServer
import Foundation
import Logging

/// The audit log of a server, open and ready.
struct AuditSetup: Sendable {
    let auditor: Auditor
    let log: AuditLog

    /// - Returns: nil where there is to be no audit log.
    /// - Throws: `WeirConfiguration.Invalid` for a policy that cannot be read or means nothing, and for a log that
    ///   cannot be written.
    init?(_ configuration: AuditConfiguration, metrics: MetricsRegistry, logger: Logger) throws {
        guard !configuration.log.isEmpty else { return nil }
        let policy = try configuration.policy.isEmpty ? AuditPolicy.standard : Self.policy(configuration.policy)
        do {
            log = try AuditLog(
                path: configuration.log, maximumSize: configuration.maximumSize << 20,
                maximumBackups: configuration.maximumBackups, metrics: metrics, logger: logger)
        } catch {
            throw WeirConfiguration.Invalid(description: "the audit log cannot be written: \(error)")
        }
        auditor = Auditor(policy: policy, sink: log, metrics: metrics)
    }

    private static func policy(_ path: String) throws -> AuditPolicy {
        let text: String
        do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw WeirConfiguration.Invalid(
                description: "the audit policy \(path) cannot be read: \(error.localizedDescription)")
        }
        do { return try AuditPolicy(yaml: text) } catch {
            throw WeirConfiguration.Invalid(description: "the audit policy \(path) is wrong:\n\(error)")
        }
    }
}
