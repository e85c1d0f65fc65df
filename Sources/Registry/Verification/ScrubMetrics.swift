import APIServer
import Synchronization

/// Figures of the scrub.
public final class ScrubMetrics: MetricSource {
    enum Result: String, CaseIterable { case intact, damaged, unreadable }

    private let blobs: CounterFamily
    private let bytes: Counter
    /// Seconds since 1970; 0 before the first.
    private let completed = Atomic<Int>(0)

    public init(_ registry: MetricsRegistry) {
        blobs = registry.counters(
            "weir_scrub_blobs_total", help: "Blobs that were read again in the background, by what they were.",
            labels: ["result"])
        bytes = registry.counters("weir_scrub_bytes_total", help: "Bytes that were read again.").counter()
        for result in Result.allCases { _ = blobs.counter(result.rawValue) }
        registry.register(self)
    }

    func read(_ result: Result) { blobs.counter(result.rawValue).add() }
    func read(bytes count: Int) { bytes.add(count) }
    func complete(at seconds: Int64) { completed.store(Int(seconds), ordering: .relaxed) }

    public func write(to text: inout Exposition) {
        let completed = completed.load(ordering: .relaxed)
        guard completed > 0 else { return }
        text.begin(
            "weir_scrub_last_completed_time_seconds", .gauge,
            help: "When all blobs had been read again, in seconds since 1970.")
        text.sample([], completed)
    }
}
