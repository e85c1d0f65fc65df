import APIMachinery
import APIServer
import ImageAPI
import Synchronization

/// Figures of the collector (spec/registry.md Q-3).
public final class CollectionMetrics: MetricSource {
    private struct Last {
        var status = BlobCollectionStatus()
        var seconds = 0.0
        var success: Int64 = 0
    }

    private let runs: CounterFamily
    private let condemned: Counter
    private let sweptBlobs: Counter
    private let sweptBytes: Counter
    private let last = Mutex(Last())

    public init(_ registry: MetricsRegistry) {
        runs = registry.counters(
            "imageregistry_gc_runs_total", help: "Runs of the collector, by their result.", labels: ["result"])
        condemned = registry.counters(
            "imageregistry_gc_condemned_bytes_total", help: "Size of blobs that were given up."
        ).counter()
        sweptBlobs = registry.counters("imageregistry_gc_swept_blobs_total", help: "Blobs that were removed.").counter()
        sweptBytes = registry.counters(
            "imageregistry_gc_swept_bytes_total", help: "Size of blobs that were removed."
        ).counter()
        for result in ["success", "dry-run", "failed"] { _ = runs.counter(result) }
        registry.register(self)
    }

    func ran(_ status: BlobCollectionStatus, isDryRun: Bool, duration: Duration, now: Timestamp) {
        runs.counter(isDryRun ? "dry-run" : "success").add()
        guard !isDryRun else { return }
        condemned.add(Int(status.condemned.bytes))
        sweptBlobs.add(Int(status.swept.blobs + status.orphans.blobs))
        sweptBytes.add(Int(status.swept.bytes &+ status.orphans.bytes))
        last.withLock { last in
            last.status = status
            last.seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
            last.success = now.secondsSince1970
        }
    }

    func failed() { runs.counter("failed").add() }

    public func write(to text: inout Exposition) {
        let last = last.withLock { $0 }
        guard last.success > 0 else { return }
        text.begin(
            "imageregistry_gc_last_success_time_seconds", .gauge,
            help: "When the last run ended, in seconds since 1970.")
        text.sample([], Int(last.success))
        text.begin("imageregistry_gc_last_duration_seconds", .gauge, help: "How long the last run took.")
        text.sample([], last.seconds)
        text.begin("imageregistry_gc_marked_blobs", .gauge, help: "Blobs in the last run that something refers to.")
        text.sample([], Int(last.status.reachable.blobs))
        text.begin("imageregistry_gc_marked_bytes", .gauge, help: "Their size.")
        text.sample([], Int(last.status.reachable.bytes))
        text.begin(
            "imageregistry_gc_waiting_bytes", .gauge, help: "Size of blobs that were given up and are still there.")
        text.sample([], Int(last.status.waiting.bytes &+ last.status.condemned.bytes))
    }
}
