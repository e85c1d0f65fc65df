import APIServer
import Synchronization

/// Figures of the registry's requests, by the names that people's dashboards know (spec/registry.md Q-3).
final class RegistryMetrics: MetricSource {
    private let requests: CounterFamily
    private let load: RegistryLoad
    private let seconds = Mutex<[String: HistogramValues]>([:])
    private let served: CounterFamily

    private static let methods: Set = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

    init(_ registry: MetricsRegistry, load: RegistryLoad) {
        self.load = load
        requests = registry.counters(
            "imageregistry_http_requests_total", help: "Requests by the code of the answer and the method.",
            labels: ["code", "method"])
        served = registry.counters(
            "imageregistry_blob_bytes_total", help: "Bytes of blobs that were sent to clients or taken from them.",
            labels: ["direction", "source"])
        registry.register(self)
    }

    func begin() { load.begin() }

    func end(method: String, code: Int, duration: Duration) {
        load.end()
        // Anybody can invent methods.
        let method = Self.methods.contains(method) ? method.lowercased() : "other"
        requests.counter(String(code), method).add()
        seconds.withLock {
            $0[method, default: HistogramValues(HistogramBounds.requestSeconds)].observe(duration.inSeconds)
        }
    }

    func received(_ bytes: Int) { served.counter("in", "local").add(bytes) }
    func sent(_ bytes: Int, isLocal: Bool) { served.counter("out", isLocal ? "local" : "remote").add(bytes) }

    func write(to text: inout Exposition) {
        text.begin("imageregistry_http_in_flight_requests", .gauge, help: "Requests that are worked on.")
        text.sample([], load.running)
        text.begin(
            "imageregistry_http_request_duration_seconds", .histogram,
            help: "Seconds from a request to the beginning of its answer, by method.")
        for (method, values) in seconds.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            text.histogram([("method", method)], values)
        }
    }
}
