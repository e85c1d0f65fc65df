import Configuration

/// Where the audit log goes and what is in it.
public struct AuditConfiguration: Sendable, Hashable {
    /// Path of the log; `-` for standard output, empty for no log.
    public var log = ""
    /// Path of the policy; empty for the standard one.
    public var policy = ""
    /// Mebibytes after which a new file is begun; 0 for never.
    public var maximumSize = 100
    /// Old files that are kept.
    public var maximumBackups = 10

    /// - Throws: `WeirConfiguration.Invalid` for a policy that nothing is written by, and for negative bounds.
    init(_ reader: ConfigReader) throws {
        log = reader.string(forKey: "auditLog", default: "")
        policy = reader.string(forKey: "auditPolicy", default: "")
        maximumSize = reader.int(forKey: "auditLogMaxSize", default: maximumSize)
        maximumBackups = reader.int(forKey: "auditLogMaxBackups", default: maximumBackups)
        guard !log.isEmpty || policy.isEmpty else {
            throw WeirConfiguration.Invalid(description: "audit-policy needs audit-log: nothing would be written")
        }
        guard (0...1_000_000).contains(maximumSize) else {
            throw WeirConfiguration.Invalid(description: "audit-log-max-size must be 0 to 1000000 MiB")
        }
        guard (0...10_000).contains(maximumBackups) else {
            throw WeirConfiguration.Invalid(description: "audit-log-max-backups must be 0 to 10000")
        }
    }
}
