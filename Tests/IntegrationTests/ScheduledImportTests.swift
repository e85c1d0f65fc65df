import Foundation
import JSON
import OCI
import RegistryTesting
import Synchronization
import Testing

/// spec/import-and-controllers.md B.6 and spec/users-want.md, section 6, 1, 3 and 5: what nobody asks for by a request.
@Suite("Imports by themselves")
struct ScheduledImportTests {
    private static let quick = [
        "--import-interval-seconds", "1", "--import-minimum-interval-seconds", "1", "--log-level", "debug",
    ]

    /// A stream whose tag `1` follows an image.
    private static func stream(
        _ name: String, from: String, isScheduled: Bool = true, annotations: String = "{}"
    ) -> String {
        """
        {"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"\(name)"},"spec":{"tags":[
        {"name":"1","annotations":\(annotations),"from":{"kind":"DockerImage","name":"\(from)"},
        "importPolicy":{"scheduled":\(isScheduled),"insecure":true}}]}}
        """
    }

    private static func image(_ api: API, _ name: String, in namespace: String = "demo") async throws -> String? {
        try await api.get(API.streams(namespace) + "/" + name).text(at: "status.tags.0.items.0.image")
    }

    private static func condition(_ api: API, _ name: String, _ type: String = "ImportSuccess") async throws
        -> JSONValue?
    {
        let conditions = try await api.get(API.streams("demo") + "/" + name)["status.tags.0.conditions"]
        return conditions?.arrayValue?.elements.first { $0["type"]?.stringValue == type }
    }

    /// Reason and count of the events of a stream, in the order of their reasons.
    private static func events(_ api: API, _ name: String) async throws -> [String] {
        let list = try await api.get("/api/v1/namespaces/demo/events?fieldSelector=involvedObject.name=\(name)").json()
        return (list["items"]?.arrayValue?.elements ?? [])
            .map {
                "\($0["type"]?.stringValue ?? "") \($0["reason"]?.stringValue ?? "") \($0["count"]?.integerValue ?? 0)"
            }
            .sorted()
    }

    @Test(
        "streams on one upstream tag share one HEAD, nothing is fetched until it changes, then all have the new image")
    func polling() async throws {
        try await FakeRegistry.run { registry in
            let path = "team/app"
            func list(_ text: String) -> (list: Digest, image: Digest) {
                let arm = registry.putImage("\(text) arm", in: path)
                let amd = registry.putImage("\(text) amd", in: path)
                return (registry.putIndex([(arm, "arm64"), (amd, "amd64")], in: path, tag: "1"), amd)
            }
            let first = list("first")
            try await WeirProcess.run(nil, Self.quick) { _, api in
                for namespace in ["demo", "other"] {
                    try await api.createNamespace(namespace)
                    for index in 0..<10 {
                        let body = Self.stream("s\(index)", from: "\(registry.host)/\(path):1")
                        #expect(try await api.post(API.streams(namespace), body).status == 201)
                    }
                }
                for namespace in ["demo", "other"] {
                    for index in 0..<10 {
                        try await eventually("s\(index) is imported") {
                            try await Self.image(api, "s\(index)", in: namespace) == first.image.description
                        }
                    }
                }
                func heads() -> Int { registry.server.requests.count { $0.method == "HEAD" } }
                func gets() -> Int {
                    registry.server.requests.count { $0.method == "GET" && $0.path.hasSuffix("/manifests/1") }
                }
                let imported = gets()
                let began = (heads: heads(), time: ContinuousClock.now)
                try await eventually("it is looked at") { heads() >= began.heads + 5 }
                let seconds = Double((ContinuousClock.now - began.time).components.seconds) + 1
                #expect(Double(heads() - began.heads) <= seconds + 2, "one for all streams in each interval")
                #expect(gets() == imported, "what is unchanged is not fetched")
                let before = try await api.get(API.streams("demo") + "/s3")["metadata.resourceVersion"]

                let second = list("second")
                for namespace in ["demo", "other"] {
                    for index in 0..<10 {
                        try await eventually("s\(index) follows") {
                            try await Self.image(api, "s\(index)", in: namespace) == second.image.description
                        }
                    }
                }
                let fetched = registry.server.requests.count {
                    $0.method == "GET" && ($0.path.hasSuffix("\(second.list)") || $0.path.hasSuffix("\(second.image)"))
                }
                #expect(
                    (2...6).contains(fetched + gets() - imported), "list and image are fetched once for all streams")
                let after = try await api.get(API.streams("demo") + "/s3")
                #expect(before != after["metadata.resourceVersion"])
                #expect(after["status.tags.0.items"]?.arrayValue?.count == 2)
                let history = try await api.get("/apis/weir.dev/v1alpha1/namespaces/demo/taghistories/s3:1")
                #expect(history.text(at: "entries.0.cause") == "schedule")
                // Counted after the streams are written. On a slow machine a tag is seen to have moved once more while
                // its import runs, so these are the least.
                let labels = #"{scheduled="true",registry="\#(registry.host)"}"#
                let expected = [
                    ("openshift_imagestreamcontroller_success_count" + labels, 20),
                    (#"weir_imagestream_imports_total{namespace="demo",imagestream="s3",result="success"}"#, 2),
                    (#"weir_import_checks_total{result="unchanged"}"#, 1),
                ]
                try await eventually("all of it is counted") {
                    let lines = try await api.get("/metrics").text.split(separator: "\n")
                    return expected.allSatisfy { name, least in
                        lines.contains { $0.hasPrefix(name) && (Int($0.dropFirst(name.count + 1)) ?? 0) >= least }
                    }
                }
            }
        }
    }

    @Test("an upstream that is unwell for a moment needs no client: one event for each change of state")
    func hiccup() async throws {
        try await FakeRegistry.run { registry in
            let digest = registry.putImage("x", in: "team/app", tag: "1")
            let failures = Mutex(0)
            registry.intercept { request in
                guard request.path.hasSuffix("/manifests/1") else { return nil }
                let count = failures.withLock { count in
                    count += 1
                    return count
                }
                return count <= 3 ? TestResponse(503, text: "not now") : nil
            }
            try await WeirProcess.run { _, api in
                try await api.createNamespace("demo")
                let body = Self.stream("app", from: "\(registry.host)/team/app:1", isScheduled: false)
                #expect(try await api.post(API.streams("demo"), body).status == 201)
                try await eventually("the failure shows") {
                    try await Self.condition(api, "app")?["reason"] == "InternalError"
                }
                try await eventually("it is tried again") {
                    try await Self.image(api, "app") == digest.description
                }
                try await eventually("both are told") { try await Self.events(api, "app").count == 2 }
                #expect(try await Self.events(api, "app") == ["Normal ImportRecovered 1", "Warning ImportFailed 1"])
                #expect(try await Self.condition(api, "app") == nil)
                #expect(failures.withLock { $0 } == 4)
                let history = try await api.get("/apis/weir.dev/v1alpha1/namespaces/demo/taghistories/app:1")
                #expect(history.text(at: "entries.0.cause") == "retry")
            }
        }
    }

    @Test("a registry that has had enough is left alone for as long as it says, and the reason is said")
    func rateLimited() async throws {
        try await FakeRegistry.run { registry in
            let digest = registry.putImage("x", in: "team/app", tag: "1")
            let times = Mutex<[ContinuousClock.Instant]>([])
            registry.intercept { request in
                guard request.path.hasSuffix("/manifests/1") else { return nil }
                let count = times.withLock { times in
                    times.append(.now)
                    return times.count
                }
                guard count == 1 else { return nil }
                // Longer than one request waits; with a page for people.
                return TestResponse(
                    429, [("Retry-After", "32"), ("Content-Type", "text/html")], text: "<html>Too many requests</html>")
            }
            try await WeirProcess.run(nil, Self.quick) { _, api in
                try await api.createNamespace("demo")
                let body = Self.stream("app", from: "\(registry.host)/team/app:1")
                #expect(try await api.post(API.streams("demo"), body).status == 201)
                try await eventually("the reason is said") {
                    try await Self.condition(api, "app")?["reason"] == "RateLimited"
                }
                let metrics = try await api.get("/metrics").text
                #expect(metrics.contains(#"weir_registry_pause_seconds{registry="\#(registry.host)"}"#))
                try await eventually("the next attempt is noted", within: .seconds(120)) {
                    let note = try await Self.condition(api, "app", "ImportRetry")
                    return note?["status"] == "True"
                        && note?["message"]?.stringValue?.hasPrefix("attempt 1 at ") == true
                }
                #expect(
                    try await Self.condition(api, "app")?["generation"]
                        == Self.condition(api, "app", "ImportRetry")?["generation"])
                try await eventually("it is imported in the end", within: .seconds(180)) {
                    try await Self.image(api, "app") == digest.description
                }
                let seen = times.withLock { $0 }
                #expect(seen[1] - seen[0] >= .seconds(31.9), "\(seen[1] - seen[0])")
            }
        }
    }

    @Test("after a crash an attempt is neither forgotten nor made twice")
    func restart() async throws {
        try await FakeRegistry.run { registry in
            let count = Mutex(0)
            registry.intercept { request in
                guard request.path.hasSuffix("/manifests/1") else { return nil }
                count.withLock { $0 += 1 }
                return .error(404, "MANIFEST_UNKNOWN", "manifest unknown")
            }
            let scratch = try Scratch()
            let data = scratch.path + "/data"
            var server = try await WeirProcess.start(data, Self.quick)
            let note = try await API.with(server) { api in
                try await api.createNamespace("demo")
                let body = Self.stream("app", from: "\(registry.host)/team/app:1", isScheduled: false)
                #expect(try await api.post(API.streams("demo"), body).status == 201)
                try await eventually("the next attempt is noted") {
                    try await Self.condition(api, "app", "ImportRetry") != nil
                }
                return try await Self.condition(api, "app", "ImportRetry")
            }
            #expect(note?["message"]?.stringValue?.hasPrefix("attempt 1 at ") == true)
            #expect(count.withLock { $0 } == 1)
            try await server.crash()
            server = try await WeirProcess.start(data, Self.quick)
            try await API.with(server) { api in
                // Another stream shows that the controllers have begun.
                registry.putImage("x", in: "team/app", tag: "2")
                let other = Self.stream("other", from: "\(registry.host)/team/app:2", isScheduled: false)
                #expect(try await api.post(API.streams("demo"), other).status == 201)
                try await eventually("the other is imported") { try await Self.image(api, "other") != nil }
                #expect(try await Self.condition(api, "app", "ImportRetry") == note)
                #expect(try await Self.events(api, "app") == ["Warning ImportFailed 1"])
                #expect(count.withLock { $0 } == 1)
            }
            try await server.stop()
        }
    }

    @Test("annotations that are not done as they say are warned of, and only when somebody writes them")
    func warnings() async throws {
        try await FakeRegistry.run { registry in
            registry.putImage("x", in: "team/app", tag: "1")
            try await WeirProcess.run { _, api in
                try await api.createNamespace("demo")
                let body = Self.stream(
                    "app", from: "\(registry.host)/team/app:1", annotations: #"{"weir.dev/import-interval":"5s"}"#)
                let made = try await api.post(API.streams("demo"), body)
                #expect(made.status == 201)
                #expect(made.headers["warning"].count == 1)
                #expect(made.header("warning")?.contains("this server lets 60s pass between two looks") == true)
                let label = try await api.send(
                    "PATCH", API.streams("demo") + "/app", Array(#"{"metadata":{"labels":{"a":"b"}}}"#.utf8),
                    type: "application/merge-patch+json")
                #expect(label.status == 200 && label.header("warning") == nil)
                let wrong = try await api.send(
                    "PATCH", API.streams("demo") + "/app",
                    Array(#"{"metadata":{"annotations":{"weir.dev/import-cron":"0 0 30 2 *"}}}"#.utf8),
                    type: "application/merge-patch+json")
                #expect(wrong.status == 200 && wrong.header("warning")?.contains("is ignored") == true)
            }
        }
    }
}
