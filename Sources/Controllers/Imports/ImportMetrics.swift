import APIServer
import ImageAPI
import ImageStreams
import OCI
import RegistryClient

/// Figures of imports: those of the reference (spec/import-and-controllers.md B.8), and more.
public struct ImportMetrics: Sendable {
    /// What came of one look at a scheduled tag's source.
    enum Check: String, CaseIterable {
        case unchanged, changed, failed
        /// The registry wants to be left alone.
        case paused
    }

    private let successes: CounterFamily
    private let errors: CounterFamily
    private let streams: CounterFamily
    private let checks: CounterFamily

    /// - Parameter budgets: what registries said of the requests they still take.
    public init(_ registry: MetricsRegistry, budgets: RegistryBudgets? = nil) {
        successes = registry.counters(
            "openshift_imagestreamcontroller_success_count", help: "Imports of images that were good.",
            labels: ["scheduled", "registry"])
        errors = registry.counters(
            "openshift_imagestreamcontroller_error_count", help: "Imports of images that failed.",
            labels: ["scheduled", "registry", "reason"])
        streams = registry.counters(
            "weir_imagestream_imports_total",
            help:
                "Imports of tags by controllers, by stream and result; beyond a thousand streams, those of others together.",
            labels: ["namespace", "imagestream", "result"])
        checks = registry.counters(
            "weir_import_checks_total", help: "Looks at the sources of scheduled tags, by result.", labels: ["result"])
        for check in Check.allCases { _ = checks.counter(check.rawValue) }
        guard let budgets else { return }
        registry.register { text in
            var registries: [String: (remaining: Int?, pause: Double)] = [:]
            for entry in budgets.entries().prefix(1_000) {
                var known = registries[entry.host] ?? (nil, 0)
                if let left = entry.remaining { known.remaining = min(left, known.remaining ?? left) }
                known.pause = max(known.pause, entry.pausedFor?.inSeconds ?? 0)
                registries[entry.host] = known
            }
            let sorted = registries.sorted { $0.key < $1.key }
            text.begin(
                "weir_registry_requests_remaining", .gauge,
                help: "Requests that a registry said it still takes from us; the least of several accounts.")
            for (host, known) in sorted {
                if let left = known.remaining { text.sample([("registry", host)], left) }
            }
            text.begin(
                "weir_registry_pause_seconds", .gauge,
                help: "For how long work that nobody waits for is held back from a registry.")
            for (host, known) in sorted { text.sample([("registry", host)], known.pause) }
        }
    }

    func checked(_ check: Check) { checks.counter(check.rawValue).add() }

    /// Counts the images of an import that a controller made.
    func imported(_ result: ImageStreamImport, of stream: StreamKey, isScheduled: Bool) {
        let scheduled = isScheduled ? "true" : "false"
        for (item, outcome) in zip(result.spec.images, result.status.images) {
            let isGood = outcome.status.status != "Failure"
            count(item.from.name, isGood ? nil : outcome.status.reason, scheduled)
            streams.counter(stream.namespace, stream.name, isGood ? "success" : "failure").add()
        }
        if let wanted = result.spec.repository, let status = result.status.repository?.status {
            count(wanted.from.name, status.status == "Failure" ? status.reason : nil, scheduled)
        }
    }

    /// Counts an import that was refused as a whole.
    func refused(reason: String, isScheduled: Bool) {
        errors.counter(isScheduled ? "true" : "false", "", reason.isEmpty ? "Unknown" : reason).add()
    }

    private func count(_ text: String, _ reason: String?, _ scheduled: String) {
        guard let reference = try? ImageReference(parsing: text) else {
            errors.counter(scheduled, "", "InvalidImageReference").add()
            return
        }
        let host = reference.registry.isEmpty ? "docker.io" : reference.registry
        guard let reason else { return successes.counter(scheduled, host).add() }
        errors.counter(scheduled, host, reason.isEmpty ? "Unknown" : reason).add()
    }
}
