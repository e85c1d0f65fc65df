import APIServer
import Configuration

/// How much the server takes on at a time, and how it takes its leave.
public struct RequestLimits: Sendable, Hashable {
    /// Reads at the same time; 0 for no bound.
    public var maximumReads = 400
    /// Writes at the same time; 0 for no bound.
    public var maximumWrites = 200
    /// How long the server goes on after it was told to stop, so that others notice that it is not ready any more.
    public var shutdownDelay: Duration = .zero

    /// - Throws: `WeirConfiguration.Invalid` for what is no number or no duration.
    init(_ reader: ConfigReader) throws {
        maximumReads = reader.int(forKey: "maxRequestsInflight", default: maximumReads)
        maximumWrites = reader.int(forKey: "maxMutatingRequestsInflight", default: maximumWrites)
        guard maximumReads >= 0, maximumWrites >= 0 else {
            throw WeirConfiguration.Invalid(
                description: "max-requests-inflight and max-mutating-requests-inflight must not be negative")
        }
        let text = reader.string(forKey: "shutdownDelayDuration", default: "0s")
        guard let delay = GoDuration(text)?.duration, delay >= .zero, delay <= .seconds(3600) else {
            throw WeirConfiguration.Invalid(
                description: "shutdown-delay-duration must be a duration such as 15s, up to 1h, not \"\(text)\"")
        }
        shutdownDelay = delay
    }
}
