import Foundation
import JSON
import OCI
import RegistryTesting
import Synchronization
import Testing

/// spec/registry.md PT-24.
@Suite("Tags that are looked up when they are pulled")
struct PullRefreshTests {
    private static let settings = ["--import-minimum-interval-seconds", "1", "--scheduled-imports", "false"]

    private static func stream(_ registry: FakeRegistry, _ annotations: String) -> String {
        """
        {"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"app"},"spec":{"tags":[
        {"name":"1","annotations":{\(annotations)},"from":{"kind":"DockerImage","name":"\(registry.host)/team/app:1"},
        "importPolicy":{"insecure":true}}]}}
        """
    }

    private static func digest(_ api: API) async throws -> String? {
        try await api.manifest("1", of: "p/app").headers.first(name: "Docker-Content-Digest")
    }

    private static func looks(_ registry: FakeRegistry) -> Int {
        registry.server.requests.count { $0.method == "HEAD" && $0.path.hasSuffix("/manifests/1") }
    }

    @Test("say what they say elsewhere by now; many pulls are one look, and a failed one serves what is here")
    func refreshed() async throws {
        try await FakeRegistry.run { registry in
            let first = registry.putImage("first", in: "team/app", tag: "1")
            try await WeirProcess.run(nil, Self.settings) { _, api in
                try await api.createNamespace("p")
                let created = try await api.post(
                    API.streams("p"), Self.stream(registry, #""image.openshift.io/refreshOnPull":"1s""#))
                #expect(created.status == 201 && created.headers["Warning"].isEmpty)
                try await eventually("it is imported") { try await Self.digest(api) == first.description }
                let second = registry.putImage("second", in: "team/app", tag: "1")
                try await eventually("a pull brings what is new") { try await Self.digest(api) == second.description }
                let history = try await api.get(
                    "/apis/weir.dev/v1alpha1/namespaces/p/taghistories/app:1")
                #expect(history.text.contains(#""cause":"refresh""#), "\(history.text)")
                // Pulls by digest ask nobody.
                let before = Self.looks(registry)
                for _ in 0..<3 { _ = try await api.manifest(second.description, of: "p/app") }
                #expect(Self.looks(registry) == before)

                registry.intercept { request in
                    request.path.hasSuffix("/manifests/1") ? TestResponse(503, text: "gone") : nil
                }
                try await eventually("the client is told that nobody answers") {
                    let answer = try await api.manifest("1", of: "p/app")
                    #expect(answer.headers.first(name: "Docker-Content-Digest") == second.description)
                    return answer.headers.first(name: "Warning")?.hasPrefix(#"299 - "tag 1 may be out of date"#) == true
                }
                // Nobody waits for that again and again.
                let failed = Self.looks(registry)
                for _ in 0..<5 { _ = try await api.manifest("1", of: "p/app") }
                #expect(Self.looks(registry) - failed <= 1)
            }
        }
    }

    @Test("do not keep a pull waiting for long")
    func slow() async throws {
        try await FakeRegistry.run { registry in
            let first = registry.putImage("first", in: "team/app", tag: "1")
            let isHeld = Mutex(false)
            registry.intercept { request in
                guard request.path.hasSuffix("/manifests/1") else { return nil }
                while isHeld.withLock({ $0 }) {
                    do { try await Task.sleep(for: .milliseconds(10)) } catch { break }
                }
                return nil
            }
            try await WeirProcess.run(nil, Self.settings) { _, api in
                try await api.createNamespace("p")
                let stream = Self.stream(registry, #""image.openshift.io/refreshOnPull":"1s""#)
                #expect(try await api.post(API.streams("p"), stream).status == 201)
                try await eventually("it is imported") { try await Self.digest(api) == first.description }
                isHeld.withLock { $0 = true }
                try await eventually("a pull does without the look") {
                    try await api.manifest("1", of: "p/app").headers.first(name: "Warning") != nil
                }
                isHeld.withLock { $0 = false }
                let second = registry.putImage("second", in: "team/app", tag: "1")
                try await eventually("a later pull brings what is new", within: .seconds(60)) {
                    try await Self.digest(api) == second.description
                }
            }
        }
    }

    @Test("are so only where somebody wants it; what is no duration is warned of")
    func unwanted() async throws {
        try await FakeRegistry.run { registry in
            let first = registry.putImage("first", in: "team/app", tag: "1")
            try await WeirProcess.run(nil, Self.settings) { _, api in
                try await api.createNamespace("p")
                let created = try await api.post(
                    API.streams("p"), Self.stream(registry, #""image.openshift.io/refreshOnPull":"often""#))
                #expect(created.status == 201)
                #expect(created.headers.first(name: "Warning")?.contains("refreshOnPull") == true)
                try await eventually("it is imported") { try await Self.digest(api) == first.description }
                let before = Self.looks(registry)
                _ = registry.putImage("second", in: "team/app", tag: "1")
                for _ in 0..<3 { #expect(try await Self.digest(api) == first.description) }
                #expect(Self.looks(registry) == before)
            }
        }
    }
}
