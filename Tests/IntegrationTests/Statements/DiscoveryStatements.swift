import JSON
import Testing

extension Statements {
    @Suite("12.8 Discovery and friends", .serialized)
    struct Discovery {
        private static let aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

        private static func get(_ path: String, _ headers: (String, String)...) async throws -> API.Answer {
            try await Project.make().api.send("GET", path, headers: headers)
        }

        @Test("169. The resources of the group have their short names and sorted verbs")
        func resources() async throws {
            let answer = try await Self.get("/apis/image.openshift.io/v1")
            let resources = answer["resources"]?.arrayValue ?? []
            var short: [String: JSONValue] = [:]
            for resource in resources {
                let name = resource.text(at: "name") ?? ""
                short[name] = resource["shortNames"]
                let verbs = resource["verbs"]?.arrayValue?.compactMap(\.stringValue) ?? []
                #expect(!verbs.isEmpty && verbs == verbs.sorted(), "\(name)")
            }
            #expect(
                short == [
                    "imagestreams": ["is"], "imagestreamtags": ["istag"], "imagetags": ["itag"],
                    "imagestreamimages": ["isimage"],
                ])
            #expect(
                resources.compactMap { $0.text(at: "name") } == [
                    "images", "imagesignatures", "imagestreamimages", "imagestreamimports", "imagestreammappings",
                    "imagestreams", "imagestreams/layers", "imagestreams/secrets", "imagestreams/status",
                    "imagestreamtags", "imagetags",
                ])
        }

        @Test("170. Aggregated discovery is one document that is cached by its tag")
        func aggregated() async throws {
            let answer = try await Self.get("/apis", ("Accept", Self.aggregated))
            #expect(answer.header("Content-Type") == Self.aggregated)
            #expect(answer["kind"] == "APIGroupDiscoveryList")
            let tag = try #require(answer.header("ETag"))
            let cached = try await Self.get("/apis", ("Accept", Self.aggregated), ("If-None-Match", tag))
            #expect(cached.status == 304 && cached.body.isEmpty)
            let versions = (answer["items"]?.arrayValue ?? []).flatMap { $0["versions"]?.arrayValue ?? [] }
            let resources = versions.flatMap { $0["resources"]?.arrayValue ?? [] }
            #expect(!resources.isEmpty)
            for resource in resources + resources.flatMap({ $0["subresources"]?.arrayValue ?? [] }) {
                #expect(resource["responseKind"]?.objectValue != nil, "\(resource)")
            }
        }

        @Test("171. The core group has both forms too")
        func core() async throws {
            #expect(try await Self.get("/api", ("Accept", Self.aggregated))["kind"] == "APIGroupDiscoveryList")
            let plain = try await Self.get("/api")
            #expect(plain["kind"] == "APIVersions" && plain["versions"] == ["v1"])
        }

        @Test("172. The documents of OpenAPI v3 are found by their hashes")
        func openAPIv3() async throws {
            let index = try await Self.get("/openapi/v3")
            let url = try #require(
                index["paths"]?["apis/image.openshift.io/v1"]?.text(at: "serverRelativeURL"))
            #expect(url.contains("?hash="))
            let document = try await Self.get(url)
            document.expect(200)
            #expect(document.header("Cache-Control")?.contains("immutable") == true)
            // The client of this test follows redirects: a bare connection does not.
            let project = try await Project.make()
            let connection = try await RawConnection(project.server)
            try await connection.send(
                """
                GET /openapi/v3/apis/image.openshift.io/v1?hash=00 HTTP/1.1\r
                Host: localhost\r
                Authorization: Bearer \(project.api.token ?? "")\r
                \r

                """)
            #expect(try await connection.statusLine().hasPrefix("HTTP/1.1 301 "))
            try await eventually("the headers came") { connection.received.contains("\r\n\r\n") }
            #expect(connection.received.lowercased().contains("\r\nlocation: \(url.lowercased())\r\n"))
        }

        @Test("173. OpenAPI v3 tells clients how to patch")
        func patchOperation() async throws {
            let document = try await Self.get("/openapi/v3/apis/image.openshift.io/v1")
            let path = "/apis/image.openshift.io/v1/namespaces/{namespace}/imagestreams/{name}"
            let patch = try #require(document["paths"]?[path]?["patch"])
            let parameters = patch["parameters"]?.arrayValue?.compactMap { $0.text(at: "name") } ?? []
            #expect(Set(parameters).isSuperset(of: ["dryRun", "fieldManager", "fieldValidation", "force"]))
            let types = patch.at("requestBody.content")?.objectValue?.keys ?? []
            #expect(Set(types).isSuperset(of: Project.Patch.allCases.map(\.rawValue)))
            let schemas = document["components.schemas"]?.objectValue
            let spec = schemas?.first { $0.key.hasSuffix(".ImageStreamSpec") }?.value
            #expect(spec?.at("properties.tags")?["x-kubernetes-patch-merge-key"] == "name")
        }

        @Test("174. OpenAPI v2 comes as protobuf and as JSON, with a tag")
        func openAPIv2() async throws {
            let protobuf = try await Self.get(
                "/openapi/v2", ("Accept", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"))
            protobuf.expect(200)
            let document = try WireMessage(protobuf.body)
            #expect(document.text(1) == "2.0")
            // Paths and definitions.
            #expect(try !document.message(8).fields.isEmpty && !document.message(9).fields.isEmpty)
            let json = try await Self.get("/openapi/v2", ("Accept", "application/json"))
            #expect(json["swagger"] == "2.0")
            let tag = try #require(json.header("ETag"))
            let cached = try await Self.get("/openapi/v2", ("Accept", "application/json"), ("If-None-Match", tag))
            #expect(cached.status == 304)
        }

        @Test("176. The version is one clients can read; health is told in words")
        func health() async throws {
            let version = try #require(try await Self.get("/version").text(at: "gitVersion"))
            #expect(version.wholeMatch(of: /v\d+\.\d+\.\d+([-+].*)?/) != nil, "\(version)")
            #expect(try await Self.get("/readyz").text == "ok")
            #expect(try await Self.get("/readyz?verbose").text.hasSuffix("readyz check passed\n"))
        }

        @Test("177. Everybody may ask whether the server is well, not for its metrics")
        func anonymous() async throws {
            let stranger = try await Project.make().with(token: nil).api
            for path in ["/livez", "/readyz", "/version"] {
                #expect(try await stranger.get(path).status == 200, "\(path)")
            }
            try await stranger.get("/metrics").expect(
                403, "Forbidden", #"forbidden: User "system:anonymous" cannot get path "/metrics""#)
        }
    }
}
