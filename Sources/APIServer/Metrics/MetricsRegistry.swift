import Synchronization

/// Something that has figures to tell when it is asked.
public protocol MetricSource: Sendable {
    /// Writes whole families; the names are no other source's.
    func write(to text: inout Exposition)
}

/// All figures of a server: `/metrics` is what its sources write, one after the other.
public final class MetricsRegistry: Sendable {
    private let sources = Mutex<[any MetricSource]>([])

    public init() {}

    /// Adds a source for good.
    public func register(_ source: any MetricSource) { sources.withLock { $0.append(source) } }

    /// Adds figures that are only looked up when somebody asks.
    public func register(_ write: @escaping @Sendable (inout Exposition) -> Void) { register(OnDemand(body: write)) }

    /// Adds a family of counters.
    /// - Parameter labels: the names of its labels.
    public func counters(_ name: String, help: String, labels: [String] = []) -> CounterFamily {
        let family = CounterFamily(name, help: help, labels: labels)
        register(family)
        return family
    }

    /// The present figures as text.
    public func scrape() -> String {
        var text = Exposition()
        for source in sources.withLock({ $0 }) { source.write(to: &text) }
        return text.text
    }

    private struct OnDemand: MetricSource {
        let body: @Sendable (inout Exposition) -> Void
        func write(to text: inout Exposition) { body(&text) }
    }
}
