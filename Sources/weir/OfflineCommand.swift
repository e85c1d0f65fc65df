import Configuration
import Foundation
import Logging
import Server

/// What commands share that work on a data directory by themselves.
enum OfflineCommand {
    /// The settings of the server, from flags, environment and file.
    static func configuration(_ file: String?, dataDir: String?) async throws -> WeirConfiguration {
        var flags: [AbsoluteConfigKey: ConfigValue] = [:]
        if let dataDir { flags[["dataDir"]] = ConfigValue(.string(dataDir), isSecret: false) }
        return try WeirConfiguration(try await ConfigurationSources.reader(flags: flags, file: file))
    }

    /// Warnings go to standard error; standard output is for what was asked for.
    static func logger() -> Logger {
        var logger = Logger(label: "weir") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        return logger
    }
}
