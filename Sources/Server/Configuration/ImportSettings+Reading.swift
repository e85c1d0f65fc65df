import Configuration
import ImageStreams

extension ImportSettings {
    /// Reads how scheduled imports are made.
    /// - Throws: `WeirConfiguration.Invalid`.
    init(_ reader: ConfigReader) throws {
        self.init()
        func seconds(_ key: ConfigKey, _ name: String, _ standard: Int64) throws -> Int64 {
            let value = reader.int(forKey: key, default: Int(standard))
            guard (1...31_536_000).contains(value) else {
                throw WeirConfiguration.Invalid(description: "\(name) must be 1 to 31536000, not \(value)")
            }
            return Int64(value)
        }
        // A word from the command line is no truth value to the reader.
        if let value = reader.bool(forKey: "scheduledImports") {
            isScheduleEnabled = value
        } else if let text = reader.string(forKey: "scheduledImports"), !text.isEmpty {
            guard let value = Bool(text.lowercased()) else {
                throw WeirConfiguration.Invalid(
                    description: "scheduled-imports must be true or false, not \"\(text)\"")
            }
            isScheduleEnabled = value
        }
        interval = try seconds("importIntervalSeconds", "import-interval-seconds", interval)
        minimumInterval = try seconds(
            "importMinimumIntervalSeconds", "import-minimum-interval-seconds", min(minimumInterval, interval))
        importsPerMinute = reader.int(forKey: "maxScheduledImportsPerMinute", default: importsPerMinute)
        guard (0...1_000_000).contains(importsPerMinute) else {
            throw WeirConfiguration.Invalid(
                description: "max-scheduled-imports-per-minute must be 0 to 1000000, not \(importsPerMinute)")
        }
    }
}
