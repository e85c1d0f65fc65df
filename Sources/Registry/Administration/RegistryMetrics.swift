import APIServer
import Synchronization

/// Figures of the registry's requests, by the names that people's dashboards know (spec/registry.md Q-3).
final class RegistryMetrics: MetricSource {
    private let requests: CounterFamily
    private let load: RegistryLoad
    private let served: CounterFamily
    private let figures = Mutex(Figures())

    private struct Figures {
        /// By method.
        var seconds: [String: HistogramValues] = [:]
        /// By operation.
        var operations: [String: HistogramValues] = [:]
        var requestBytes = HistogramValues(HistogramBounds.responseBytes)
        var responseBytes = HistogramValues(HistogramBounds.responseBytes)
    }

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

    /// - Parameter operation: what was asked for, where that was something.
    func end(_ request: ServerRequest, _ operation: String?, _ response: ServerResponse, duration: Duration) {
        load.end()
        // Anybody can invent methods.
        let method = Self.methods.contains(request.method) ? request.method.lowercased() : "other"
        requests.counter(String(response.status), method).add()
        let empty = HistogramValues(HistogramBounds.requestSeconds)
        figures.withLock { figures in
            figures.seconds[method, default: empty].observe(duration.inSeconds)
            if let operation { figures.operations[operation, default: empty].observe(duration.inSeconds) }
            if let bytes = request.body.announcedLength { figures.requestBytes.observe(Double(bytes)) }
            if let bytes = response.body.length { figures.responseBytes.observe(Double(bytes)) }
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
        let figures = figures.withLock { $0 }
        for (method, values) in figures.seconds.sorted(by: { $0.key < $1.key }) {
            text.histogram([("method", method)], values)
        }
        text.begin(
            "imageregistry_request_duration_seconds", .histogram,
            help: "Seconds from a request to the beginning of its answer, by what was asked for.")
        for (operation, values) in figures.operations.sorted(by: { $0.key < $1.key }) {
            text.histogram([("operation", operation)], values)
        }
        text.begin(
            "imageregistry_http_request_size_bytes", .histogram, help: "Bytes of bodies as they were announced.")
        text.histogram([], figures.requestBytes)
        text.begin("imageregistry_http_response_size_bytes", .histogram, help: "Bytes of answers with a known length.")
        text.histogram([], figures.responseBytes)
    }
}
