import Foundation
import JSON
import Testing

@Suite("Bad input")
struct BadInputTests {
    /// Every case is sent to one server, which must be well at the end.
    private static func withNamespace(_ body: (WeirProcess, API) async throws -> Void) async throws {
        try await WeirProcess.run { server, api in
            try await api.createNamespace("p")
            try await body(server, api)
            #expect(try await api.get("/readyz").text == "ok")
            #expect(try await api.createStream("well", in: "p").status == 201)
            #expect(try await api.get(API.streams("p")).names() == ["well"])
        }
    }

    @Test("Bodies that are no objects are refused with 400 and a reason, and nothing is stored")
    func bodies() async throws {
        try await Self.withNamespace { _, api in
            let json = "application/json"
            let yaml = "application/yaml"
            let deep = String(repeating: "[", count: 10_001)
            let nested = String(repeating: #"{"a":"#, count: 9_995) + "1" + String(repeating: "}", count: 9_995)
            let cases: [(type: String, body: [UInt8], text: String)] = [
                (json, [], "<empty>"),
                (json, Array("{".utf8), "unexpected end of JSON input"),
                (json, Array(#"{"kind":"ImageStream","metadata":{"name":"a"}}}"#.utf8), "after top-level value"),
                (json, Array("[]".utf8), "ImageStream"),
                (json, Array("null".utf8), "ImageStream"),
                (json, Array(#"{"metadata":7}"#.utf8), "cannot unmarshal number"),
                (json, Array(#"{"metadata":{"name":{}}}"#.utf8), "cannot unmarshal object"),
                (json, Array(#"{"kind":"Pod","apiVersion":"v1"}"#.utf8), "cannot be handled as a ImageStream"),
                (json, Array(#"{"kind":"Frob","apiVersion":"image.openshift.io/v1"}"#.utf8), "no kind"),
                (json, Array(#"{"kind":"ImageStream","apiVersion":"image.openshift.io/v2"}"#.utf8), "v2"),
                (json, Array(#"{"kind":"ImageStream","apiVersion":"a/b/c"}"#.utf8), "unexpected GroupVersion"),
                (json, Array(deep.utf8), "exceeded max depth"),
                (json, Array((#"{"metadata":{"name":"a"},"x":"# + deep).utf8), "exceeded max depth"),
                (json, [0xFF, 0xFE, 0x00], ""),
                (json, Array("kind: ImageStream".utf8), "invalid character"),
                (yaml, Array("kind: [ImageStream".utf8), "yaml: line 1"),
                (yaml, Array(deep.utf8), "yaml: line 1"),
                (yaml, Array(String(repeating: "a: &a [*a]\n", count: 3).utf8), "yaml: "),
                (yaml, Array("\"\\xff\": \u{1}".utf8), "yaml: "),
                (yaml, [0x61, 0x3A, 0x20, 0xFF, 0xFE, 0xC0, 0x80], ""),
                (yaml, [], ""),
                ("application/vnd.kubernetes.protobuf", [0x6B, 0x38, 0x73, 0x00, 0xFF, 0xFF, 0xFF], ""),
                ("application/vnd.kubernetes.protobuf", Array("junk".utf8), ""),
            ]
            for (type, body, text) in cases {
                let answer = try await api.send("POST", API.streams("p"), body, type: type)
                #expect(answer.status == 400 || answer.status == 422, "\(answer.status) \(answer.text)")
                let status = try answer.json()
                #expect(status["kind"] == "Status")
                #expect(text.isEmpty || answer.message.contains(text), "\(answer.message.prefix(300)) wants \(text)")
            }
            // Depth within the limit, where nothing recurses into it: an unknown field.
            let answer = try await api.send(
                "POST", API.streams("p") + "?dryRun=All&fieldValidation=Ignore",
                Array((#"{"metadata":{"name":"a"},"x":"# + nested + "}").utf8))
            #expect(answer.status == 201, "\(answer.text.prefix(300))")
            let type = try await api.send("POST", API.streams("p"), Array("{}".utf8), type: "text/plain")
            #expect(type.status == 415)
        }
    }

    @Test("Invalid UTF-8 in strings is replaced, and the client is told")
    func utf8() async throws {
        try await Self.withNamespace { _, api in
            let body =
                Array(#"{"metadata":{"name":"a","annotations":{"k":"x"#.utf8) + [0xFF, 0xC0, 0x80]
                + Array(#"y"}}}"#.utf8)
            let answer = try await api.send("POST", API.streams("p") + "?dryRun=All", body)
            #expect(answer.status == 201, "\(answer.text)")
            #expect(answer.headers["Warning"].contains { $0.contains("UTF-8") })
            #expect(try answer.json()["metadata"]?["annotations"]?["k"]?.stringValue?.contains("\u{FFFD}") == true)
        }
    }

    @Test("Bodies beyond 3 MiB get 413, announced or not; one within is taken")
    func sizes() async throws {
        try await Self.withNamespace { server, api in
            let large = Array(#"{"metadata":{"name":"a"},"x":""#.utf8) + [UInt8](repeating: 0x61, count: 4 << 20)
            for (method, path, type) in [
                ("POST", API.streams("p"), "application/json"), ("PUT", API.streams("p") + "/a", "application/json"),
                ("POST", API.streams("p"), "application/yaml"),
                ("PATCH", API.streams("p") + "/well", "application/merge-patch+json"),
                ("DELETE", API.streams("p") + "/a", "application/json"),
            ] {
                let answer = try await api.send(method, path, large, type: type)
                #expect(answer.status == 413, "\(method): \(answer.status) \(answer.text.prefix(200))")
                #expect(answer.message.contains("limit is 3145728"), "\(answer.message)")
            }
            // Chunked: nobody announces the size.
            let connection = try await RawConnection(server)
            try await connection.send(
                "POST \(API.streams("p")) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(try server.token())\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            let chunk = "10000\r\n" + String(repeating: "a", count: 0x10000) + "\r\n"
            for _ in 0..<64 where !connection.received.contains("\r\n") && !connection.isClosed {
                try? await connection.send(chunk)
            }
            #expect(try await connection.statusLine().contains(" 413 "), "\(connection.received)")
            let within =
                #"{"metadata":{"name":"b","annotations":{"x":""# + String(repeating: "x", count: 200_000) + #""}}}"#
            #expect(try await api.send("POST", API.streams("p") + "?dryRun=All", Array(within.utf8)).status == 201)
        }
    }

    @Test("Patches that build or demand depth are refused, not crashed on")
    func patches() async throws {
        try await WeirProcess.run { _, api in
            try await api.createNamespace("p")
            #expect(try await api.createStream("a", in: "p").status == 201)
            func patch(_ body: String, _ type: String) async throws -> Int {
                try await api.send("PATCH", API.streams("p") + "/a", Array(body.utf8), type: type).status
            }
            let nested = String(repeating: #"{"a":"#, count: 9_900) + "{}" + String(repeating: "}", count: 9_900)
            var operations = [#"{"op":"add","path":"/x","value":\#(nested)}"#]
            var depth = 9_901
            for _ in 0..<4 {
                let path = String(repeating: "/a", count: depth)
                operations.append(#"{"op":"copy","from":"/x","path":"/x\#(path)"}"#)
                depth *= 2
            }
            let bomb = "[" + operations.joined(separator: ",") + "]"
            #expect(try await patch(bomb, "application/json-patch+json") == 422)
            #expect(try await patch(#"{"x":\#(nested)}"#, "application/merge-patch+json") == 200)
            #expect(try await patch(#"{"kind":"Frob","x":\#(nested)}"#, "application/merge-patch+json") == 422)
            let many =
                "["
                + [String](repeating: #"{"op":"test","path":"/kind","value":"x"}"#, count: 10_001).joined(
                    separator: ",") + "]"
            #expect(try await patch(many, "application/json-patch+json") == 413)
            #expect(try await patch("[", "application/json-patch+json") == 400)
            #expect(try await patch("7", "application/json-patch+json") == 400)
            #expect(try await patch("{}", "application/json") == 415)
            #expect(try await api.get(API.streams("p") + "/a").json()["x"] == nil)
        }
    }

    @Test("Deep metadata of images is stored and shown in every form")
    func deepImages() async throws {
        try await WeirProcess.run { _, api in
            let name = "sha256:" + String(repeating: "a", count: 64)
            let deep = String(repeating: #"{"a":"#, count: 9_000) + "{}" + String(repeating: "}", count: 9_000)
            let created = try await api.post(
                "/apis/image.openshift.io/v1/images",
                #"{"metadata":{"name":"\#(name)"},"dockerImageReference":"r.example/a@\#(name)","dockerImageMetadata":\#(deep)}"#
            )
            #expect(
                created.status == 201 || created.status == 422 || created.status == 400, "\(created.text.prefix(300))")
            for accept in [
                "application/json", "application/yaml", "application/json;as=Table;v=v1;g=meta.k8s.io",
                "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
            ] {
                for path in ["/apis/image.openshift.io/v1/images", "/apis/image.openshift.io/v1/images/\(name)"] {
                    let answer = try await api.send("GET", path, headers: [("Accept", accept)])
                    #expect([200, 404, 406].contains(answer.status), "\(accept): \(answer.status)")
                }
                #expect(try await api.send("GET", "/apis/image.openshift.io/v1/images?pretty=true").status == 200)
            }
            #expect(try await api.get("/readyz").text == "ok")
        }
    }
}
