import Foundation
import Testing

@Suite("Metrics of a server")
struct MetricsTests {
    @Test("A scrape is strictly in the text format, and tells of what happened")
    func scrape() async throws {
        try await WeirProcess.run { server, api in
            try await api.createNamespace("p")
            for name in ["a", "b"] { _ = try await api.createStream(name, in: "p") }
            _ = try await api.get(API.streams("p"))
            _ = try await api.get(API.streams("p") + "/missing")
            #expect(try await api.get("/v2/p/a/manifests/v1").status == 404)
            let watch = try await api.watch(API.streams("p") + "?watch=1")
            var events = Lines(body: watch.body).makeAsyncIterator()
            #expect(try await events.next()?["type"] == "ADDED")
            let answer = try await api.get("/metrics")
            #expect(answer.status == 200)
            #expect(answer.headers["Content-Type"] == ["text/plain; version=0.0.4; charset=utf-8"])
            let families = try MetricFamily.parse(answer.text)
            func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
                let sample = families.values.flatMap(\.samples).first { sample in
                    sample.name == name && labels.allSatisfy { sample.labels[$0] == $1 }
                }
                return sample?.value
            }
            let streams = ["group": "image.openshift.io", "version": "v1", "resource": "imagestreams"]
            func requests(_ verb: String, _ code: String) -> Double? {
                value("apiserver_request_total", streams.merging(["verb": verb, "code": code]) { $1 })
            }
            #expect(requests("POST", "201") == 2)
            #expect(requests("LIST", "200") == 1)
            #expect(requests("GET", "404") == 1)
            #expect(requests("WATCH", "200") == nil)
            #expect(value("apiserver_longrunning_requests", ["verb": "WATCH", "resource": "imagestreams"]) == 1)
            #expect(value("apiserver_resource_objects", ["resource": "imagestreams"]) == 2)
            #expect(value("apiserver_storage_objects", ["resource": "imagestreams.image.openshift.io"]) == 2)
            #expect(value("apiserver_watch_events_total", ["resource": "imagestreams"]) == 2)
            #expect(value("authentication_attempts", ["result": "success"]) ?? 0 >= 7)
            #expect(value("etcd_request_duration_seconds_count", ["operation": "txn"]) ?? 0 >= 3)
            #expect(value("weir_build_info") == 1)
            #expect(value("imageregistry_http_requests_total", ["code": "404", "method": "get"]) == 1)
            #expect(value("imageregistry_request_duration_seconds_count", ["operation": "TagService.Get"]) == 1)
            #expect(value("imageregistry_http_response_size_bytes_count") == 1)
            #expect(value("imageregistry_http_request_size_bytes_sum") == 0)
            #expect(value("process_open_fds") ?? 0 > 3)
            #expect(value("process_resident_memory_bytes") ?? 0 > 1e6)
            #expect(abs((value("process_start_time_seconds") ?? 0) - Date().timeIntervalSince1970) < 300)
            #expect(value("apiserver_storage_db_total_size_in_bytes") ?? 0 > 4_096)
            for name in [
                "apiserver_current_inflight_requests", "apiserver_flowcontrol_rejected_requests_total",
                "apiserver_flowcontrol_current_inqueue_requests", "apiserver_flowcontrol_current_executing_requests",
                "apiserver_request_duration_seconds", "apiserver_response_sizes", "apiserver_watch_events_sizes",
                "apiserver_init_events_total", "apiserver_watch_cache_resource_version",
                "authorization_attempts_total", "process_cpu_seconds_total", "process_max_fds",
                "process_virtual_memory_bytes", "process_threads",
            ] {
                #expect(families[name]?.samples.isEmpty == false, "\(name)")
            }
        }
    }

    @Test("Connections that do not get through the TLS handshake are counted, others are not")
    func handshakes() async throws {
        try await WeirProcess.run { server, api in
            let name = "apiserver_tls_handshake_errors_total"
            func failures() async throws -> Double? {
                try MetricFamily.parse(try await api.get("/metrics").text)[name]?.samples.first?.value
            }
            try await api.createNamespace("p")
            #expect(try await failures() == 0)
            // A client that speaks no TLS, and one that does not trust the server.
            _ = try await run("curl", ["-s", "http://127.0.0.1:\(server.port)/"])
            try await eventually("no plain request was counted") { try await failures() == 1 }
            _ = try await run("curl", ["-s", server.url])
            try await eventually("no refused certificate was counted") { try await failures() == 2 }
        }
    }

    @Test("Metrics are for administrators")
    func access() async throws {
        try await WeirProcess.run { _, api in
            var stranger = api
            stranger.token = nil
            let answer = try await stranger.get("/metrics")
            #expect(answer.status == 403)
            #expect(answer.message.contains(#"User "system:anonymous" cannot get path "/metrics""#))
            stranger.token = "wrong"
            #expect(try await stranger.get("/metrics").status == 401)
            #expect(try await api.get("/metrics").text.contains(#"authorization_attempts_total{result="denied"} 1"#))
        }
    }
}

/// A family of a scrape, read as strictly as the format allows.
struct MetricFamily {
    struct Sample {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    var type: String
    var samples: [Sample] = []

    /// - Throws: `TestFailure` with the line that is not as it should be.
    static func parse(_ text: String) throws -> [String: MetricFamily] {
        guard text.hasSuffix("\n") else { throw TestFailure("the last line has no end") }
        var families: [String: MetricFamily] = [:]
        var present = ""
        var announced: String?
        for line in text.dropLast().components(separatedBy: "\n") {
            let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
            if line.hasPrefix("# HELP ") {
                guard words.count == 4, families[words[2]] == nil, announced == nil else { throw TestFailure(line) }
                announced = words[2]
            } else if line.hasPrefix("# TYPE ") {
                guard words.count == 4, words[2] == announced, ["counter", "gauge", "histogram"].contains(words[3])
                else { throw TestFailure(line) }
                families[words[2]] = MetricFamily(type: words[3])
                (present, announced) = (words[2], nil)
            } else {
                let sample = try sample(line)
                let suffixes = families[present]?.type == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
                guard suffixes.contains(where: { present + $0 == sample.name }), announced == nil else {
                    throw TestFailure("not in its family \(present): \(line)")
                }
                families[present]?.samples.append(sample)
            }
        }
        for (name, family) in families { try check(name, family) }
        return families
    }

    private static func sample(_ line: String) throws -> Sample {
        let pattern = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(.*)\})? ([^ ]+)$/
        guard let match = line.wholeMatch(of: pattern), let value = Double(match.4) ?? infinity(match.4) else {
            throw TestFailure("no sample: \(line)")
        }
        var labels: [String: String] = [:]
        var rest = match.3 ?? ""
        while !rest.isEmpty {
            guard let label = rest.prefixMatch(of: /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\n"])*)"(,|$)/),
                labels.updateValue(String(label.2), forKey: String(label.1)) == nil
            else { throw TestFailure("bad labels: \(line)") }
            rest = rest[label.range.upperBound...]
        }
        return Sample(name: String(match.1), labels: labels, value: value)
    }

    private static func infinity(_ text: Substring) -> Double? { text == "+Inf" ? .infinity : nil }

    /// Label sets are there once; buckets ascend to the count.
    private static func check(_ name: String, _ family: MetricFamily) throws {
        guard !family.samples.isEmpty else { throw TestFailure("\(name) has no samples") }
        let identities = family.samples.map { "\($0.name) \($0.labels.sorted { $0.key < $1.key })" }
        guard Set(identities).count == identities.count else { throw TestFailure("\(name) has a sample twice") }
        if family.type == "counter" {
            guard family.samples.allSatisfy({ $0.value >= 0 }) else { throw TestFailure("\(name) is negative") }
        }
        guard family.type == "histogram" else { return }
        var last: Sample?
        for sample in family.samples where sample.name == name + "_bucket" {
            let bound = sample.labels["le"].flatMap { Double($0) ?? infinity($0[...]) }
            guard let bound else { throw TestFailure("\(name): no bound") }
            if let last, let before = last.labels["le"], before != "+Inf" {
                guard sample.value >= last.value, bound > Double(before) ?? .infinity else {
                    throw TestFailure("\(name): buckets do not ascend")
                }
            }
            last = sample
        }
        let infinite = family.samples.filter { $0.labels["le"] == "+Inf" }.map(\.value)
        guard infinite == family.samples.filter({ $0.name == name + "_count" }).map(\.value) else {
            throw TestFailure("\(name): the last bucket is not the count")
        }
    }
}
