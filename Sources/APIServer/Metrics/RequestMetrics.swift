import Synchronization

/// Figures of all requests: how many, how long, how large (spec/api-machinery.md 8.7).
///
/// The hot path is a hash of a few short texts and one short critical section; texts are made when somebody asks.
/// Long-running requests are counted when they end and are in the gauge of open ones until then; how long they lasted
/// says nothing about the server, so it is in no histogram.
final class RequestMetrics: MetricSource {
    /// What a resource, or a path that is none, is called in labels.
    private struct Name: Hashable {
        var group = ""
        var version = ""
        var resource = ""
        var subresource = ""
    }

    private struct Tally {
        var code: Int
        var count = 0
    }

    private struct Series {
        var codes: [Tally] = []
        var terminations: [Tally] = []
        var seconds: HistogramValues?
        var bytes: HistogramValues?
        var open = 0

        static func count(_ code: Int, in tallies: inout [Tally]) {
            if let index = tallies.firstIndex(where: { $0.code == code }) {
                tallies[index].count += 1
            } else {
                tallies.append(Tally(code: code, count: 1))
            }
        }
    }

    private let names: [Name]
    private let indexOfName: [Name: UInt16]
    private let series = Mutex<[RequestLabels: Series]>([:])

    /// Index of what is not known: it is the first of all names.
    private static let unknownResource: UInt16 = 0
    private static let unknownPath: UInt16 = 1
    private static let paths = [
        "/", "/api", "/apis", "/healthz", "/livez", "/metrics", "/openapi", "/readyz", "/version",
    ]

    init(_ descriptors: [ResourceDescriptor]) {
        var names = [Name(resource: "other"), Name(subresource: "other")]
        names += Self.paths.map { Name(subresource: $0) }
        names += descriptors.map {
            Name(
                group: $0.groupVersion.group, version: $0.groupVersion.version, resource: $0.name,
                subresource: $0.subresource)
        }
        self.names = names
        indexOfName = Dictionary(names.enumerated().map { ($1, UInt16($0)) }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: Recording

    func labels(_ request: ServerRequest, _ info: RequestInfo, _ query: QueryParameters) -> RequestLabels {
        RequestLabels(request, info, query, resource: index(of: info))
    }

    private func index(of info: RequestInfo) -> UInt16 {
        if info.isResourceRequest {
            let name = Name(
                group: info.group, version: info.version, resource: info.resource, subresource: info.subresource)
            return indexOfName[name] ?? Self.unknownResource
        }
        if let index = indexOfName[Name(subresource: info.path)] { return index }
        guard let first = info.path.split(separator: "/", maxSplits: 1).first else { return Self.unknownPath }
        return indexOfName[Name(subresource: "/\(first)")] ?? Self.unknownPath
    }

    /// Counts a request that was answered.
    /// - Parameters:
    ///   - duration: nil for long-running ones.
    ///   - bytes: size of the answer's body; nil where it is not known.
    ///   - isTerminated: the server gave up on it: too many requests, or too much time.
    func record(_ labels: RequestLabels, code: Int, duration: Duration?, bytes: Int?, isTerminated: Bool = false) {
        let seconds = duration?.inSeconds
        series.withLock { all in
            Self.update(&all[labels, default: Series()], labels, code, seconds, bytes, isTerminated)
        }
    }

    private static func update(
        _ series: inout Series, _ labels: RequestLabels, _ code: Int, _ seconds: Double?, _ bytes: Int?,
        _ isTerminated: Bool
    ) {
        Series.count(code, in: &series.codes)
        if isTerminated { Series.count(code, in: &series.terminations) }
        if let seconds {
            if series.seconds == nil { series.seconds = HistogramValues(HistogramBounds.requestSeconds) }
            series.seconds?.observe(seconds)
        }
        // Of reads only, as in the reference.
        if let bytes, labels.verb == .get || labels.verb == .list {
            if series.bytes == nil { series.bytes = HistogramValues(HistogramBounds.responseBytes) }
            series.bytes?.observe(Double(bytes))
        }
    }

    /// A long-running request begins (1) or ends (-1).
    func longRunning(_ labels: RequestLabels, _ change: Int) {
        series.withLock { $0[labels, default: Series()].open += change }
    }

    // MARK: Telling

    func write(to text: inout Exposition) {
        let all = series.withLock { $0 }.map { (labels: texts(of: $0.key), series: $0.value) }
            .sorted { $0.labels.map(\.value).lexicographicallyPrecedes($1.labels.map(\.value)) }
        text.begin(
            "apiserver_request_total", .counter,
            help: "Requests by verb, dry run, resource, scope and the code of the answer.")
        for (labels, series) in all { Self.write(series.codes, labels, to: &text) }
        text.begin(
            "apiserver_request_duration_seconds", .histogram,
            help: "Seconds from the arrival of a request to its answer; long-running requests are left out.")
        for (labels, series) in all { if let seconds = series.seconds { text.histogram(labels, seconds) } }
        text.begin("apiserver_response_sizes", .histogram, help: "Bytes of the answers to reads, as sent.")
        for (labels, series) in all {
            if let bytes = series.bytes { text.histogram(labels.filter { $0.name != "dry_run" }, bytes) }
        }
        text.begin("apiserver_longrunning_requests", .gauge, help: "Long-running requests that are open.")
        for (labels, series) in all where labels[0].value == "WATCH" || series.open != 0 {
            text.sample(labels.filter { $0.name != "dry_run" }, series.open)
        }
        text.begin(
            "apiserver_request_terminations_total", .counter,
            help: "Requests that the server ended in self-defence: too many at a time, or too much time for one.")
        for (labels, series) in all {
            Self.write(series.terminations, labels.filter { $0.name != "dry_run" }, to: &text)
        }
    }

    private static func write(
        _ tallies: [Tally], _ labels: [(name: String, value: String)], to text: inout Exposition
    ) {
        for tally in tallies.sorted(by: { $0.code < $1.code }) {
            text.sample(labels + [("code", String(tally.code))], tally.count)
        }
    }

    private func texts(of labels: RequestLabels) -> [(name: String, value: String)] {
        let name = names[Int(labels.resource)]
        return [
            ("verb", labels.verb.label), ("dry_run", labels.isDryRun ? "All" : ""), ("group", name.group),
            ("version", name.version), ("resource", name.resource), ("subresource", name.subresource),
            ("scope", labels.scope.label), ("component", "apiserver"),
        ]
    }
}
