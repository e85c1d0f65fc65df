import Configuration
import Identity

extension EventExpiry.Configuration {
    /// Reads how long events are kept, and how many.
    /// - Throws: `WeirConfiguration.Invalid`.
    init(_ reader: ConfigReader) throws {
        self.init()
        let seconds = reader.int(forKey: "eventSeconds", default: 3_600)
        guard (1...31_536_000).contains(seconds) else {
            throw WeirConfiguration.Invalid(description: "event-seconds must be 1 to 31536000, not \(seconds)")
        }
        timeToLive = .seconds(seconds)
        maximumCount = reader.int(forKey: "maxEvents", default: maximumCount)
        guard (1...1_000_000).contains(maximumCount) else {
            throw WeirConfiguration.Invalid(description: "max-events must be 1 to 1000000, not \(maximumCount)")
        }
    }
}
