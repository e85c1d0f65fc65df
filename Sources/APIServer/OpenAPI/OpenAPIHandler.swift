import APIMachinery
import HTTPTypes
import JSON
import Synchronization

/// Answers `/openapi/v2` and `/openapi/v3` (spec/api-machinery.md 8.4, 8.5).
///
/// Documents are made when they are first asked for, and kept as bytes.
final class OpenAPIHandler: Sendable {
    /// The documents of the newer form, by key, and their index.
    private struct V3: Sendable {
        var documents: [String: StaticContent]
        var index: StaticContent
    }

    private struct V2: Sendable {
        var json: StaticContent
        var protobuf: StaticContent
    }

    private struct Made: Sendable {
        var v3: V3?
        var v2: V2?
    }

    private static let protobufType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
    private static let root = "/openapi/v3"

    private let documents: OpenAPIDocuments
    private let made = Mutex(Made())

    init(_ documents: OpenAPIDocuments) { self.documents = documents }

    /// For the index of the server.
    var paths: [String] { ["/openapi/v2", Self.root] + documents.keys.map { "\(Self.root)/\($0)" } }

    /// - Parameters:
    ///   - path: the decoded path.
    ///   - now: dates new documents and the end of what a cache may keep.
    /// - Returns: nil for paths of others.
    /// - Throws: 405 for anything but GET and HEAD.
    func response(
        to request: ServerRequest, path: String, query: QueryParameters, now: Timestamp
    ) throws(APIError) -> ServerResponse? {
        guard path == "/openapi/v2" || path == Self.root || path.hasPrefix(Self.root + "/") else { return nil }
        guard request.method == "GET" || request.method == "HEAD" else { throw .methodNotAllowed }
        if path == "/openapi/v2" { return v2Response(to: request, now: now) }
        let v3 = v3(now: now)
        if path == Self.root { return v3.index.response(to: request) }
        guard let document = v3.documents[String(path.dropFirst(Self.root.count + 1))] else {
            return ServerResponse(status: 404)
        }
        return v3Response(document, to: request, path: path, hash: query["hash"] ?? "", now: now)
    }

    private func v3Response(
        _ document: StaticContent, to request: ServerRequest, path: String, hash: String, now: Timestamp
    ) -> ServerResponse {
        let types = Self.accepted(request)
        guard types.contains(where: Self.isJSON) else { return ServerResponse(status: 406) }
        var headers: HTTPFields = [.vary: "Accept"]
        if !hash.isEmpty {
            guard hash == document.hash else {
                headers[.location] = "\(path)?hash=\(document.hash)"
                return ServerResponse(status: 301, headers: headers)
            }
            let year = Timestamp(secondsSince1970: now.secondsSince1970 + 365 * 86_400)
            headers[.cacheControl] = "public, immutable"
            headers[.expires] = year.httpDate
        }
        return document.response(to: request, headers: headers)
    }

    private func v2Response(to request: ServerRequest, now: Timestamp) -> ServerResponse {
        let v2 = v2(now: now)
        for type in Self.accepted(request) {
            let content: StaticContent
            switch type {
            case Self.protobufType, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf": content = v2.protobuf
            case _ where Self.isJSON(type): content = v2.json
            default: continue
            }
            return content.response(to: request, headers: [.vary: "Accept-Encoding, Accept"])
        }
        return ServerResponse(status: 406)
    }

    /// The types a client takes, the best first; any where it does not say.
    private static func accepted(_ request: ServerRequest) -> [String] {
        guard let header = request.header(.accept), !header.isEmpty else { return ["*/*"] }
        return AcceptClause.parse(header).map(\.type)
    }

    private static func isJSON(_ type: String) -> Bool { ["application/json", "application/*", "*/*"].contains(type) }

    private func v3(now: Timestamp) -> V3 {
        made.withLock { made in
            if let v3 = made.v3 { return v3 }
            var contents: [String: StaticContent] = [:]
            var paths = JSONObject()
            for key in documents.keys {
                guard let json = documents.v3(key)?.jsonBytes() else { continue }
                let content = StaticContent(json, contentType: "application/json", modified: now)
                contents[key] = content
                paths[key] = ["serverRelativeURL": .string("\(Self.root)/\(key)?hash=\(content.hash)")]
            }
            let index: JSONValue = ["paths": .object(paths)]
            // The type is that of the reference; clients decode what they find.
            let v3 = V3(
                documents: contents,
                index: StaticContent(index.jsonBytes(), contentType: "text/plain; charset=utf-8", modified: now))
            made.v3 = v3
            return v3
        }
    }

    private func v2(now: Timestamp) -> V2 {
        made.withLock { made in
            if let v2 = made.v2 { return v2 }
            let document = documents.v2
            let v2 = V2(
                json: StaticContent(document.jsonBytes(), contentType: "application/json", modified: now),
                protobuf: StaticContent(
                    GnosticDocument.bytes(document), contentType: Self.protobufType, modified: now))
            made.v2 = v2
            return v2
        }
    }
}
