import APIServer
import ImageStreams

/// Figures of retention.
public struct RetentionMetrics: Sendable {
    private let runs: CounterFamily
    private let removed: CounterFamily
    private let bytes: Counter

    public init(_ registry: MetricsRegistry) {
        runs = registry.counters(
            "weir_retention_runs_total", help: "Runs of retention policies, by their result.", labels: ["result"])
        removed = registry.counters(
            "weir_retention_removed_total", help: "What retention policies have removed from image streams.",
            labels: ["kind"])
        bytes = registry.counters(
            "weir_retention_released_bytes_total",
            help: "Size of the layers of images that no image stream refers to since retention removed them."
        ).counter()
        for result in ["success", "incomplete", "failed"] { _ = runs.counter(result) }
        for kind in ["tag", "revision"] { _ = removed.counter(kind) }
    }

    func ran(_ run: Retention.Run) {
        runs.counter(run.failures == 0 ? "success" : "incomplete").add()
        guard run.isEnforced else { return }
        removed.counter("tag").add(Int(run.result.tags))
        removed.counter("revision").add(Int(run.result.revisions))
        bytes.add(Int(run.result.bytes))
    }

    func failed() { runs.counter("failed").add() }
}
