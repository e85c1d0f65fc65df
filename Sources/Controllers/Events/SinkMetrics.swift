import APIServer

/// Figures of the delivery of events.
public struct SinkMetrics: Sendable {
    enum Result: String, CaseIterable {
        case delivered
        /// The sink did not want the event.
        case rejected
        /// Tried again later.
        case failed
        /// Dropped, because it could not be delivered in time.
        case lost
    }

    private let deliveries: CounterFamily

    public init(_ registry: MetricsRegistry) {
        deliveries = registry.counters(
            "weir_event_deliveries_total", help: "Attempts to deliver events to event sinks, by result.",
            labels: ["result"])
        for result in Result.allCases { _ = deliveries.counter(result.rawValue) }
    }

    func count(_ result: Result) { deliveries.counter(result.rawValue).add() }
}
