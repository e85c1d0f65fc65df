import Foundation
import JSON
import Testing

/// spec/registry.md 5.7: `registry.openshift.io/storage`.
@Suite("Quotas of bytes")
struct StorageQuotaTests {
    private static let name = "registry.openshift.io/storage"

    private static func createQuota(_ hard: String, _ api: API) async throws {
        let answer = try await api.post(
            "/api/v1/namespaces/p/resourcequotas",
            """
            {"kind":"ResourceQuota","apiVersion":"v1","metadata":{"name":"bytes"},
            "spec":{"hard":{"\(name)":"\(hard)"}}}
            """)
        #expect(answer.status == 201, "\(answer.text)")
    }

    private static func used(_ api: API) async throws -> String? {
        let quota = try await api.get("/api/v1/namespaces/p/resourcequotas/bytes").json()
        return quota["status"]?["used"]?[name]?.stringValue
    }

    private static func upload(_ bytes: [UInt8], to repository: String, _ api: API) async throws -> API.Answer {
        try await api.send(
            "POST", "/v2/\(repository)/blobs/uploads/?digest=\(API.digest(bytes))", bytes,
            type: "application/octet-stream")
    }

    private static func bytes(_ number: UInt8, kibibytes: Int) -> [UInt8] {
        [UInt8](repeating: number, count: kibibytes << 10)
    }

    @Test("many pushes at once take no more than there is; what is used is told, also after a restart and a deletion")
    func crowd() async throws {
        let scratch = try Scratch()
        try await WeirProcess.run(scratch.path + "/data") { _, api in
            try await api.createNamespace("p")
            try await Self.createQuota("100Ki", api)
            let answers = try await withThrowingTaskGroup(of: API.Answer.self) { group in
                for number in 0..<24 {
                    let bytes = Self.bytes(UInt8(number / 2), kibibytes: 20)
                    group.addTask { try await Self.upload(bytes, to: "p/s\(number % 2)", api) }
                }
                return try await group.reduce(into: [API.Answer]()) { $0.append($1) }
            }
            // Five blobs, each in one or both of the repositories.
            let taken = answers.count { $0.status == 201 }
            #expect((5...10).contains(taken))
            for answer in answers where answer.status != 201 {
                let error = try answer.json()["errors"]?.arrayValue?.first
                #expect(answer.status == 403 && error?["code"] == "DENIED")
                let message = error?["message"]?.stringValue ?? ""
                #expect(message.hasPrefix("exceeded quota: bytes, requested: \(Self.name)=20Ki, used:"), "\(message)")
            }
            try await eventually("the quota says what is used") { try await Self.used(api) == "100Ki" }
        }
        try await WeirProcess.run(scratch.path + "/data") { _, api in
            #expect(try await Self.upload(Self.bytes(99, kibibytes: 1), to: "p/s0", api).status == 403)
            #expect(try await Self.used(api) == "100Ki")
            let change = try await api.send(
                "PATCH", "/api/v1/namespaces/p/resourcequotas/bytes",
                Array(#"{"spec":{"hard":{"\#(Self.name)":"1Mi"}}}"#.utf8), type: "application/merge-patch+json")
            #expect(change.status == 200)
            let image = try await api.pushImage(Self.bytes(99, kibibytes: 200), to: "p/app", tag: "v1")
            #expect(try await api.manifest("v1", of: "p/app").body == image.manifest)
            #expect(try await Self.upload(Self.bytes(98, kibibytes: 800), to: "p/s0", api).status == 403)
            #expect(try await api.send("DELETE", API.streams("p") + "/app").status == 200)
            try await eventually("what a deleted stream held is free") { try await Self.used(api) == "100Ki" }
            #expect(try await Self.upload(Self.bytes(98, kibibytes: 800), to: "p/s0", api).status == 201)
            #expect(
                try await api.send("DELETE", "/v2/p/s0/blobs/\(API.digest(Self.bytes(98, kibibytes: 800)))").status
                    == 202)
            try await eventually("what a deleted blob held is free") { try await Self.used(api) == "100Ki" }
        }
    }

    @Test("what a push of a manifest brings in from another namespace counts, as a mount does")
    func sharing() async throws {
        try await WeirProcess.run { _, api in
            for namespace in ["p", "q"] { try await api.createNamespace(namespace) }
            let image = try await api.pushImage(Self.bytes(1, kibibytes: 64), to: "q/app", tag: "v1")
            try await Self.createQuota("32Ki", api)
            let mount = try await api.send(
                "POST", "/v2/p/app/blobs/uploads/?mount=\(API.digest(Self.bytes(1, kibibytes: 64)))&from=q/app", [])
            #expect(mount.status == 403 && mount.text.contains("exceeded quota: bytes"), "\(mount.text)")
            let tagged = try await api.post(
                "/apis/image.openshift.io/v1/namespaces/p/imagestreamtags",
                """
                {"kind":"ImageStreamTag","apiVersion":"image.openshift.io/v1","metadata":{"name":"app:v1"},
                "tag":{"from":{"kind":"ImageStreamImage","namespace":"q","name":"app@\(image.digest)"}}}
                """)
            #expect(tagged.status == 201, "\(tagged.text)")
            // A tag takes no room; the layers are seen through it, and a push would make them the namespace's own.
            #expect(try await api.manifest("v1", of: "p/app").status == 200)
            let pushed = try await api.send(
                "PUT", "/v2/p/app/manifests/v2", image.manifest, type: API.manifestType)
            #expect(pushed.status == 403 && pushed.text.contains("exceeded quota: bytes"), "\(pushed.text)")
            #expect(try await api.manifest("v2", of: "p/app").status == 404)
            #expect(try await api.send("DELETE", "/api/v1/namespaces/p/resourcequotas/bytes").status == 200)
            let free = try await api.send("PUT", "/v2/p/app/manifests/v2", image.manifest, type: API.manifestType)
            #expect(free.status == 201, "\(free.text)")
        }
    }
}
