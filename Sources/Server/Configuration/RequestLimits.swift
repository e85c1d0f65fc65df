import Configuration

/// How much the server takes on at a time.
public struct RequestLimits: Sendable, Hashable {
    /// Reads at the same time; 0 for no bound.
    public var maximumReads = 400
    /// Writes at the same time; 0 for no bound.
    public var maximumWrites = 200

    /// - Throws: `WeirConfiguration.Invalid` for negative bounds.
    init(_ reader: ConfigReader) throws {
        maximumReads = reader.int(forKey: "maxRequestsInflight", default: maximumReads)
        maximumWrites = reader.int(forKey: "maxMutatingRequestsInflight", default: maximumWrites)
        guard maximumReads >= 0, maximumWrites >= 0 else {
            throw WeirConfiguration.Invalid(
                description: "max-requests-inflight and max-mutating-requests-inflight must not be negative")
        }
    }
}
