import JSON
import NIOHTTP1
import Testing

extension Statements {
    @Suite("12.2 Negotiation", .serialized)
    struct Negotiation {
        private static let table = "application/json;as=Table;g=meta.k8s.io;v=v1"
        private static let protobuf = "application/vnd.kubernetes.protobuf"

        private static func two() async throws -> Project {
            let project = try await Project.make()
            try await project.create("a", #""labels":{"x":"1"}"#)
            try await project.create("b")
            return project
        }

        @Test("18. Without Accept the answer is JSON that ends in exactly one newline")
        func json() async throws {
            let answer = try await Self.two().get("/a")
            #expect(answer.header("Content-Type") == "application/json")
            #expect(answer.text.hasSuffix("}\n"))
        }

        @Test("19. YAML is given where it is asked for")
        func yaml() async throws {
            let answer = try await Self.two().get("/a", accept: "application/yaml")
            #expect(answer.header("Content-Type") == "application/yaml")
            #expect(answer.text.hasPrefix("apiVersion: image.openshift.io/v1\nkind: ImageStream\n"))
        }

        @Test("20. Protobuf comes in its envelope, with the type")
        func protobuf() async throws {
            let answer = try await Self.two().get("/a", accept: Self.protobuf)
            #expect(answer.header("Content-Type") == Self.protobuf)
            let (apiVersion, kind, object) = try WireMessage.enveloped(answer.body)
            #expect(apiVersion == "image.openshift.io/v1" && kind == "ImageStream")
            #expect(try object.message(1).text(1) == "a")
        }

        @Test("21. What cannot be produced is not acceptable, and the answer says what can")
        func notAcceptable() async throws {
            let answer = try await Self.two().get("/a", accept: "text/html")
            answer.expect(406, "NotAcceptable")
            for type in ["application/json", "application/yaml", Self.protobuf] {
                #expect(answer.message.contains(type))
            }
        }

        @Test("22. A wildcard of low quality is good enough")
        func wildcard() async throws {
            let answer = try await Self.two().get("/a", accept: "text/html, */*;q=0.1")
            answer.expect(200)
            #expect(answer.header("Content-Type") == "application/json")
        }

        @Test("23. A Table is given where it is asked for")
        func table() async throws { try await Self.expectTable("v1", "meta.k8s.io/v1") }

        @Test("24. A Table of the older version says so")
        func olderTable() async throws { try await Self.expectTable("v1beta1", "meta.k8s.io/v1beta1") }

        private static func expectTable(_ version: String, _ apiVersion: String) async throws {
            let answer = try await two().get(
                accept: "application/json;as=Table;g=meta.k8s.io;v=\(version),application/json")
            #expect(answer["kind"] == "Table")
            #expect(answer.text(at: "apiVersion") == apiVersion)
            #expect(answer.header("Content-Type") == "application/json")
        }

        @Test("25. An unknown form is passed over for the next clause")
        func unknownForm() async throws {
            let answer = try await Self.two().get(accept: "application/json;as=Nope;g=x;v=v1,application/json")
            #expect(answer["kind"] == "ImageStreamList")
        }

        @Test("26. An unknown form alone is not acceptable")
        func onlyUnknownForm() async throws {
            try await Self.two().get(accept: "application/json;as=Nope;g=x;v=v1").expect(406)
        }

        @Test("27. There is no Table in protobuf: the next clause counts")
        func protobufTable() async throws {
            let answer = try await Self.two().get(
                accept: "\(Self.protobuf);as=Table;g=meta.k8s.io;v=v1,application/json")
            #expect(answer["kind"] == "ImageStreamList")
            #expect(answer.header("Content-Type") == "application/json")
        }

        @Test("28. The Table of image streams has its four columns, and rows with metadata")
        func columns() async throws {
            let answer = try await Self.two().get(accept: Self.table)
            let columns = answer["columnDefinitions"]?.arrayValue ?? []
            #expect(columns.map { $0["name"] } == ["Name", "Image Repository", "Tags", "Updated"])
            #expect(columns.first?["format"] == "name")
            let rows = answer["rows"]?.arrayValue ?? []
            #expect(rows.map { $0.at("object.kind") } == ["PartialObjectMetadata", "PartialObjectMetadata"])
        }

        @Test("29. includeObject decides what rows carry")
        func includeObject() async throws {
            let project = try await Self.two()
            let none = try await project.get("?includeObject=None", accept: Self.table)
            // Recorded: output-table/include-none.
            #expect(none["rows.0.object"] == .null)
            let full = try await project.get("?includeObject=Object", accept: Self.table)
            #expect(full["rows.0.object.kind"] == "ImageStream" && full["rows.0.object.spec"] != nil)
            try await project.get("?includeObject=x", accept: Self.table).expect(400, "BadRequest")
        }

        @Test("30. A PartialObjectMetadataList has items of metadata alone")
        func partialList() async throws {
            let answer = try await Self.two().get(
                accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")
            #expect(answer["kind"] == "PartialObjectMetadataList")
            #expect(answer["items.0.kind"] == "PartialObjectMetadata" && answer["items.0.spec"] == nil)
            #expect(answer["items.0.metadata.name"] == "a")
        }

        @Test("31. A list is no PartialObjectMetadata")
        func partialOfList() async throws {
            try await Self.two().get(accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
                .expect(406)
        }

        @Test("32. A watch cannot be YAML")
        func yamlWatch() async throws {
            let answer = try await Self.two().get("?watch=1", accept: "application/yaml")
            answer.expect(406)
            #expect(answer.text.contains("reason: NotAcceptable"))
        }

        @Test("33. A body of another media type is refused with the types that are taken")
        func contentType() async throws {
            try await Project.make().post(imageStream("a"), type: "text/plain").expect(
                415, "UnsupportedMediaType",
                containing:
                    "accepted media types include: application/json, application/yaml, \(Self.protobuf)")
        }

        @Test("34. PATCH wants a type of patch")
        func patchType() async throws {
            let project = try await Self.two()
            let body = Array(#"{"metadata":{"labels":{"n":"1"}}}"#.utf8)
            try await project.api.send("PATCH", "\(project.streams)/a", body).expect(415, "UnsupportedMediaType")
            let untyped = try await RawConnection(project.server)
            try await untyped.send(project.rawRequest("PATCH", "/a", "", body))
            #expect(try await untyped.statusLine().hasPrefix("HTTP/1.1 415 "))
            #expect(try await project.get("/a")["metadata.labels"] == ["x": "1"])
        }

        @Test("35. POST without Content-Type is JSON")
        func untyped() async throws {
            let project = try await Project.make()
            let connection = try await RawConnection(project.server)
            try await connection.send(project.rawRequest("POST", "", "", Array(imageStream("a").utf8)))
            #expect(try await connection.statusLine().hasPrefix("HTTP/1.1 201 "))
        }

        @Test("36. POST takes YAML")
        func postYAML() async throws {
            let answer = try await Project.make().post(
                "kind: ImageStream\napiVersion: image.openshift.io/v1\nmetadata:\n  name: a\n",
                type: "application/yaml")
            answer.expect(201)
            #expect(answer["metadata.name"] == "a")
        }

        @Test("37. Protobuf without its magic bytes is refused")
        func noMagic() async throws {
            try await Project.make().post("\u{a}\u{3}abc", type: Self.protobuf).expect(
                400, "BadRequest", containing: "expected prefix [107 56 115 0]")
        }

        @Test("38. POST takes protobuf, and JSON shows the fields that were sent")
        func postProtobuf() async throws {
            let project = try await Project.make()
            let label = WireMessage.field(11, WireMessage.field(1, "k") + WireMessage.field(2, "v"))
            let metadata = WireMessage.field(1, "a") + label
            let spec = WireMessage.field(1, "registry.example/app")
            let body = WireMessage.envelope(
                apiVersion: "image.openshift.io/v1", kind: "ImageStream",
                WireMessage.field(1, metadata) + WireMessage.field(2, spec))
            try await project.api.send("POST", project.streams, body, type: Self.protobuf).expect(201)
            let stored = try await project.get("/a")
            #expect(stored["metadata.labels"] == ["k": "v"])
            #expect(stored["spec.dockerImageRepository"] == "registry.example/app")
        }
    }
}

extension Project {
    /// A request with the headers of the test's choice and no others.
    func rawRequest(_ method: String, _ path: String, _ headers: String, _ body: [UInt8]) -> [UInt8] {
        Array(
            """
            \(method) \(streams)\(path) HTTP/1.1\r
            Host: localhost\r
            Authorization: Bearer \(api.token ?? "")\r
            Content-Length: \(body.count)\r
            \(headers)\r

            """.utf8) + body
    }
}
