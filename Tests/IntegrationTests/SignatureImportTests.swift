import Foundation
import JSON
import OCI
import RegistryTesting
import Testing

/// spec/import-and-controllers.md C.2: signatures arrive at images by themselves.
@Suite("Import of signatures by a server")
struct SignatureImportTests {
    private struct Setup {
        let scratch: Scratch
        let registry: FakeRegistry
        let store: FakeLookaside

        /// A directory `registries.d` with one file, and the flags that name it.
        func flags(_ configuration: String) throws -> [String] {
            let directory = scratch.path + "/registries.d"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            try Data(configuration.utf8).write(to: URL(fileURLWithPath: directory + "/test.yaml"))
            return ["--signature-import", "auto", "--signature-lookaside", directory]
        }
    }

    private func run(_ body: (Setup) async throws -> Void) async throws {
        let scratch = try Scratch()
        try await FakeRegistry.run { registry in
            try await FakeLookaside.run { store in
                try await body(Setup(scratch: scratch, registry: registry, store: store))
            }
        }
    }

    /// Imports a tag of the registry into a stream of the namespace `demo`.
    private func importImage(_ api: API, _ reference: String, as name: String) async throws {
        let answer = try await api.post(
            "/apis/image.openshift.io/v1/namespaces/demo/imagestreamimports",
            """
            {"kind":"ImageStreamImport","apiVersion":"image.openshift.io/v1","metadata":{"name":"\(name)"},
            "spec":{"import":true,"images":[{"from":{"kind":"DockerImage","name":"\(reference)"},
            "to":{"name":"1"},"importPolicy":{"insecure":true}}]},"status":{}}
            """)
        #expect(answer["status.images.0.status.status"] == "Success", "\(answer.text)")
    }

    private func signatures(_ api: API, _ image: Digest) async throws -> [String] {
        let answer = try await api.get("\(Project.images)/\(image)")
        return (answer["signatures"]?.arrayValue?.elements ?? []).compactMap { signature in
            signature["content"]?.stringValue.flatMap { Data(base64Encoded: $0) }
                .map { String(decoding: $0, as: UTF8.self) }
        }
    }

    @Test("an imported image gets its signatures from the stores of its registry; it is not fetched again")
    func stores() async throws {
        try await run { setup in
            let (registry, store) = (setup.registry, setup.store)
            let web = registry.putImage("web", in: "team/web", tag: "1")
            let file = registry.putImage("file", in: "team/file", tag: "1")
            let none = registry.putImage("none", in: "team/none", tag: "1")
            let folder = setup.scratch.path + "/sigs"
            let flags = try setup.flags(
                """
                default-docker: {lookaside: "\(store.url)"}
                docker:
                  \(registry.host)/team/file: {lookaside: "file://\(folder)"}
                """)
            for (number, text) in ["one", "two"].enumerated() { store.put(text, "team/web", web, number + 1) }
            let place = "\(folder)/team/file@sha256=\(file.hex)"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            try Data("three".utf8).write(to: URL(fileURLWithPath: place + "/signature-1"))

            let data = setup.scratch.path + "/data"
            try await WeirProcess.run(data, flags) { server, api in
                try await api.createNamespace("demo")
                for name in ["web", "file", "none"] {
                    try await importImage(api, "\(registry.host)/team/\(name):1", as: name)
                }
                try await eventually("signatures from the web: \(server.child.errors)") {
                    try await signatures(api, web) == ["one", "two"]
                }
                try await eventually("signatures from files: \(server.child.errors)") {
                    try await signatures(api, file) == ["three"]
                }
                let image = try await api.get("\(Project.images)/\(web)")
                let name = Digest.sha256(of: Array("one".utf8)).hex
                #expect(image.text(at: "signatures.0.metadata.name") == "\(web)@\(name)")
                #expect(image.text(at: "signatures.0.type") == "AtomicImageV1")
                #expect(image.text(at: "signatures.0.metadata.creationTimestamp") != nil)
                try await eventually("the third one is looked for") {
                    !store.server.requests(to: FakeLookaside.path("team/none", none, 1)).isEmpty
                }
                let metrics = try await api.get("/metrics").text
                #expect(metrics.contains("weir_image_signatures_imported_total 3\n"))
                // One for each import, none for signatures.
                #expect(registry.server.lines.count { $0.contains("/manifests/") } == 3)
            }

            // After a restart it looks again, and finds what came meanwhile.
            store.put("late", "team/none", none, 1)
            try await WeirProcess.run(data, flags) { server, api in
                try await eventually("the late one: \(server.child.errors)") {
                    try await signatures(api, none) == ["late"]
                }
                #expect(try await signatures(api, web) == ["one", "two"])
            }
        }
    }

    @Test(
        "without a lookaside configuration nobody is asked",
        .enabled(if: !FileManager.default.fileExists(atPath: "/etc/containers/registries.d")))
    func silent() async throws {
        try await WeirProcess.run(nil, ["--signature-import", "auto"]) { _, api in
            let metrics = try await api.get("/metrics").text
            #expect(!metrics.contains("weir_image_signature"))
        }
    }

    @Test("never is never, whatever is configured")
    func never() async throws {
        try await run { setup in
            let flags = try setup.flags("default-docker: {lookaside: \"\(setup.store.url)\"}")
            try await WeirProcess.run(nil, flags + ["--signature-import", "never"]) { _, api in
                let metrics = try await api.get("/metrics").text
                #expect(!metrics.contains("weir_image_signature"))
            }
        }
    }

    @Test("settings that mean nothing keep the server from starting, and are told")
    func faults() async throws {
        try await run { setup in
            func fault(_ flags: [String]) async throws -> String {
                let server = try WeirProcess.launch(setup.scratch.path + "/data", flags)
                #expect(try await server.end() == 1)
                return server.errors
            }
            #expect(
                try await fault(["--signature-import", "sometimes"]).contains(
                    #"signature-import must be auto, always or never, not "sometimes""#))
            let missing = setup.scratch.path + "/missing"
            #expect(
                try await fault(["--signature-import", "auto", "--signature-lookaside", missing])
                    .contains("\(missing) cannot be read"))
            let wrong = try setup.flags("docker: {h.example: {lookaside: nowhere}}")
            #expect(
                try await fault(wrong).contains(
                    "test.yaml: docker[h.example].lookaside: must be a file, http or https URL, not nowhere"))
        }
    }
}
