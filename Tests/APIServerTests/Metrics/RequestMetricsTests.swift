import APIMachinery
import HTTPTypes
import ImageAPI
import Testing

@testable import APIServer

@Suite("Metrics of requests")
struct RequestMetricsTests {
    private static let labels =
        #"group="image.openshift.io",version="v1",resource="imagestreams",subresource="""#

    private static func scrape(_ api: TestAPI) async throws -> String {
        let answer = try await api.send("GET", "/metrics")
        #expect(answer.status == 200)
        #expect(answer.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
        return text(answer.body)
    }

    @Test("A request shows up once, with its labels, its time and the size of its answer")
    func pipeline() async throws {
        let api = TestAPI()
        _ = try await api.send()
        _ = try await api.send("GET", TestAPI.path + "/a")
        _ = try await api.send("GET", TestAPI.path + "/missing")
        _ = try await api.send("POST", query: "dryRun=All", body: Array("{}".utf8))
        _ = try await api.send("DELETE", TestAPI.path + "/a")
        _ = try await api.send("GET", "/apis/image.openshift.io/v1/imagestreams", query: "watch=true")
        let text = try await Self.scrape(api)
        for sample in [
            #"apiserver_request_total{verb="LIST",dry_run="",\#(Self.labels),scope="namespace",component="apiserver",code="200"} 1"#,
            #"apiserver_request_total{verb="GET",dry_run="",\#(Self.labels),scope="resource",component="apiserver",code="200"} 1"#,
            #"apiserver_request_total{verb="GET",dry_run="",\#(Self.labels),scope="resource",component="apiserver",code="404"} 1"#,
            #"apiserver_request_total{verb="POST",dry_run="All",\#(Self.labels),scope="resource",component="apiserver",code="201"} 1"#,
            #"apiserver_request_total{verb="DELETE",dry_run="",\#(Self.labels),scope="resource",component="apiserver",code="200"} 1"#,
            #"apiserver_request_total{verb="WATCH",dry_run="",\#(Self.labels),scope="cluster",component="apiserver",code="200"} 1"#,
            #"apiserver_request_duration_seconds_count{verb="GET",dry_run="",\#(Self.labels),scope="resource",component="apiserver"} 2"#,
            #"apiserver_response_sizes_count{verb="LIST",\#(Self.labels),scope="namespace",component="apiserver"} 1"#,
            #"apiserver_longrunning_requests{verb="WATCH",\#(Self.labels),scope="cluster",component="apiserver"} 0"#,
            #"apiserver_watch_events_total{group="image.openshift.io",version="v1",resource="imagestreams",kind="ImageStream"} 1"#,
            #"apiserver_init_events_total{group="image.openshift.io",version="v1",resource="imagestreams"} 1"#,
            #"apiserver_terminated_watchers_total{group="image.openshift.io",version="v1",resource="imagestreams"} 1"#,
            #"authentication_attempts{result="success"} 7"#,
            #"authorization_attempts_total{result="allowed"} 7"#,
        ] {
            #expect(text.contains("\n" + sample + "\n"), "\(sample)")
        }
        #expect(!text.contains(#"apiserver_request_duration_seconds_count{verb="WATCH""#))
        #expect(!text.contains(#"apiserver_response_sizes_count{verb="POST""#))
    }

    @Test("What clients invent does not make new label sets")
    func hostile() async throws {
        let api = TestAPI()
        for index in 0..<300 {
            _ = try await api.send("BREW\(index)", "/x\(index)/y")
            _ = try await api.send("GET", "/apis/group\(index)/v\(index)/resource\(index)")
            _ = try await api.send("GET", "/apis/image.openshift.io/v1/namespaces/n\(index)/imagestreams")
            _ = try await api.send("GET", "/healthz/check\(index)")
        }
        let text = try await Self.scrape(api)
        let totals = text.split(separator: "\n").filter { $0.hasPrefix("apiserver_request_total{") }
        #expect(totals.count == 4, "\(totals)")
        #expect(totals.contains { $0.contains(#"verb="other""#) && $0.hasSuffix(" 300") })
        #expect(totals.contains { $0.contains(#"resource="other""#) && $0.hasSuffix(" 300") })
        #expect(totals.contains { $0.contains(#"subresource="/healthz""#) && $0.hasSuffix(" 300") })
    }

    @Test("An open watch is in the gauge, and counted when it ends")
    func openWatch() async throws {
        let api = TestAPI()
        let response = await api.pipeline.respond(
            to: ServerRequest(method: "GET", path: TestAPI.path, query: "watch=1"))
        guard case .stream(let write) = response.body else {
            Issue.record("no stream")
            return
        }
        let open =
            #"apiserver_longrunning_requests{verb="WATCH",\#(Self.labels),scope="namespace",component="apiserver"}"#
        let total = #"apiserver_request_total{verb="WATCH""#
        try await write(
            CallingWriter {
                let text = try await Self.scrape(api)
                #expect(text.contains(open + " 1\n"))
                #expect(!text.contains(total))
            })
        let text = try await Self.scrape(api)
        #expect(text.contains(open + " 0\n"))
        #expect(text.contains(total))
    }

    @Test("Server-side apply is a verb of its own; HEAD is GET")
    func verbs() {
        let metrics = RequestMetrics([])
        func verb(_ method: String, _ path: String, type: String = "") -> String {
            let request = ServerRequest(method: method, path: path, headers: [.contentType: type])
            let query = QueryParameters("")
            return metrics.labels(request, RequestInfo(method: method, path: path, query: query), query).verb.label
        }
        #expect(verb("PATCH", TestAPI.path + "/a", type: "application/apply-patch+yaml") == "APPLY")
        #expect(verb("PATCH", TestAPI.path + "/a", type: "application/json-patch+json") == "PATCH")
        #expect(verb("HEAD", TestAPI.path + "/a") == "GET")
        #expect(verb("HEAD", "/healthz") == "GET")
        #expect(verb("PUT", TestAPI.path + "/a") == "PUT")
        #expect(verb("DELETE", TestAPI.path) == "DELETECOLLECTION")
        #expect(verb("get", "/healthz") == "other")
    }

    @Test("Counting a request is measured, and far from what a request takes even in a debug build")
    func cost() {
        let metrics = RequestMetrics([FixedStreams(streams: []).descriptor])
        let request = ServerRequest(method: "GET", path: TestAPI.path + "/a")
        let query = QueryParameters("")
        let info = RequestInfo(method: "GET", path: request.path, query: query)
        let rounds = 20_000
        let time = ContinuousClock().measure {
            for _ in 0..<rounds {
                let began = ContinuousClock.now
                metrics.record(
                    metrics.labels(request, info, query), code: 200, duration: began.duration(to: .now), bytes: 500)
            }
        }
        print("counting one request: \(time / rounds)")
        #expect(time / rounds < .microseconds(500))
    }
}

/// Does something at the first write.
private struct CallingWriter: BodyWriter {
    let body: @Sendable () async throws -> Void
    func write(_ bytes: [UInt8]) async throws { if bytes.isEmpty { try await body() } }
}
