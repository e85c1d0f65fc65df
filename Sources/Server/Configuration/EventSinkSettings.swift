import Configuration

/// How event sinks are told of things.
public struct EventSinkSettings: Sendable, Hashable {
    /// Whether sinks may be on this machine.
    public var allowsLoopback = false
    /// How long events are kept for sinks that do not answer.
    public var kept: Duration = .seconds(21_600)

    /// - Throws: `WeirConfiguration.Invalid`.
    init(_ reader: ConfigReader) throws {
        allowsLoopback = reader.bool(forKey: "eventSinkLoopback", default: false)
        let seconds = reader.int(forKey: "eventSinkSeconds", default: 21_600)
        guard (1...2_592_000).contains(seconds) else {
            throw WeirConfiguration.Invalid(description: "event-sink-seconds must be 1 to 2592000, not \(seconds)")
        }
        kept = .seconds(seconds)
    }
}
