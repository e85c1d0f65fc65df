import APIMachinery
import HTTPTypes
import JSON
import OCI
import Testing

@testable import APIServer
@testable import ImageStreams

/// `/openapi/v2` and `/openapi/v3` over HTTP (spec/api-machinery.md 8.4, 8.5).
@Suite struct OpenAPIHandlerTests {
    private static let group = "/openapi/v3/apis/image.openshift.io/v1"
    private static let json = "application/json"
    private static let protobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
    private static let protobuf3 = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf"

    @Test func `the index leads to a document that may be kept for ever`() async throws {
        try await Self.run { ask in
            let index = try ask("/openapi/v3")
            #expect(index.headers[.contentType] == "text/plain; charset=utf-8")
            let paths = try JSONValue.parse(Self.bytes(index))["paths"]
            let url = try #require(paths?["apis/image.openshift.io/v1"]?["serverRelativeURL"]?.stringValue)
            let parts = url.split(separator: "?hash=").map(String.init)
            #expect(parts.first == Self.group)

            let document = try ask(Self.group, query: "hash=\(parts[1])")
            #expect(document.status == 200)
            #expect(document.headers[.contentType] == "application/json")
            #expect(document.headers[.cacheControl] == "public, immutable")
            #expect(document.headers[.expires] == "Sat, 31 Jan 2026 12:00:00 GMT")
            #expect(document.headers[.vary] == "Accept")
            #expect(Digest.compute(.sha512, of: Self.bytes(document)).hex.uppercased() == parts[1])
        }
    }

    @Test func `a hash of the past leads to the present one`() async throws {
        try await Self.run { ask in
            let answer = try ask(Self.group, query: "hash=ABC")
            #expect(answer.status == 301)
            let hash = try ask(Self.group).headers[.eTag]?.filter { $0 != "\"" } ?? ""
            #expect(answer.headers[.location] == "\(Self.group)?hash=\(hash)")
        }
    }

    @Test func `a client that has the document gets no second one`() async throws {
        try await Self.run { ask in
            let tag = try #require(try ask(Self.group).headers[.eTag])
            for known in [tag, "\"other\", \(tag)", "W/\(tag)", "*"] {
                let answer = try ask(Self.group, headers: [.ifNoneMatch: known])
                #expect(answer.status == 304, "\(known)")
                #expect(Self.bytes(answer).isEmpty)
            }
            #expect(try ask(Self.group, headers: [.ifNoneMatch: "\"other\""]).status == 200)
        }
    }

    @Test(
        arguments: [
            ("", json), ("*/*", json), ("application/*", json), ("application/json, */*", json),
            (protobuf3, protobuf3), ("application/com.github.proto-openapi.spec.v3@v1.0+protobuf", protobuf3),
            ("\(protobuf), application/json", json), ("text/html", nil), (protobuf, nil),
        ])
    func `a group version comes as JSON, as protobuf or not at all`(accept: String, type: String?) async throws {
        try await Self.run { ask in
            let answer = try ask(Self.group, headers: accept.isEmpty ? [:] : [.accept: accept])
            #expect(answer.status == (type == nil ? 406 : 200))
            #expect(answer.headers[.contentType] == type)
            #expect(Self.bytes(answer).isEmpty == (type == nil))
        }
    }

    @Test(
        arguments: [
            ("", "application/json"), ("application/json", "application/json"), (protobuf, protobuf),
            ("application/com.github.proto-openapi.spec.v2@v1.0+protobuf", protobuf),
            ("application/com.github.proto-openapi.spec.v2@v1.0+protobuf, application/json", protobuf),
        ])
    func `the older form comes as JSON or protobuf`(accept: String, type: String) async throws {
        try await Self.run { ask in
            let answer = try ask("/openapi/v2", headers: accept.isEmpty ? [:] : [.accept: accept])
            #expect(answer.status == 200)
            #expect(answer.headers[.contentType] == type)
            #expect(answer.headers[.vary] == "Accept-Encoding, Accept")
            #expect(answer.headers[.lastModified] == "Fri, 31 Jan 2025 12:00:00 GMT")
            // Field 1 of the message is the version of Swagger.
            #expect(type == Self.protobuf ? Array(Self.bytes(answer).prefix(5)) == [10, 3, 50, 46, 48] : true)
            #expect(try ask("/openapi/v2", headers: [.accept: "text/html"]).status == 406)
        }
    }

    @Test func `what is not served is not found, and nothing can be changed`() async throws {
        try await Self.run { ask in
            let answer = try ask("/openapi/v3/apis/image.openshift.io/v7")
            #expect(answer.status == 404)
            #expect(Self.bytes(answer).isEmpty)
            #expect(throws: APIError.self) { try ask("/openapi/v2", method: "POST") }
        }
    }

    @Test(arguments: [("bytes=0-3", 206, 4), ("bytes=-5", 206, 5), ("bytes=999999999-", 416, 0), ("items=1", 200, nil)])
    func `a part of a document can be asked for`(range: String, status: Int, count: Int?) async throws {
        try await Self.run { ask in
            let whole = Self.bytes(try ask(Self.group))
            let answer = try ask(Self.group, headers: [.range: range])
            #expect(answer.status == status)
            #expect(Self.bytes(answer).count == count ?? whole.count)
        }
    }

    @Test func `a document comes compressed where the client takes it, but never a part of it`() async throws {
        try await Self.run { ask in
            let whole = Self.bytes(try ask(Self.group))
            let answer = try ask(Self.group, headers: [.acceptEncoding: "gzip"])
            #expect(answer.headers[.contentEncoding] == "gzip")
            #expect(Self.bytes(answer).prefix(2) == [0x1f, 0x8b])
            #expect(Self.bytes(answer).count < whole.count / 4)
            let part = try ask(Self.group, headers: [.acceptEncoding: "gzip", .range: "bytes=0-199999"])
            #expect(part.headers[.contentEncoding] == nil)
            #expect(Self.bytes(part) == Array(whole.prefix(200_000)))
        }
    }

    // MARK: Support

    private struct Client {
        let handler: OpenAPIHandler

        func callAsFunction(
            _ path: String, method: String = "GET", query: String = "", headers: HTTPFields = [:]
        ) throws -> ServerResponse {
            let request = ServerRequest(method: method, path: path, query: query, headers: headers)
            return try #require(
                try handler.response(to: request, path: path, query: QueryParameters(query), now: noon))
        }
    }

    private static func run(_ body: (Client) throws -> Void) async throws {
        try await World.run { world in
            try body(Client(handler: OpenAPIHandler(OpenAPIDocuments(world.api))))
        }
    }

    private static func bytes(_ response: ServerResponse) -> [UInt8] {
        response.body.joined ?? []
    }
}
