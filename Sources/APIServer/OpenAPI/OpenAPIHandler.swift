import APIMachinery
import HTTPTypes
import JSON
import Synchronization

/// Answers `/openapi/v2` and `/openapi/v3` (spec/api-machinery.md 8.4, 8.5).
///
/// Documents are made when they are first asked for, and kept as bytes.
final class OpenAPIHandler: Sendable {
    /// A document in its two forms.
    private struct Forms: Sendable {
        var json: StaticContent
        var protobuf: StaticContent
    }

    /// The documents of the newer version, by key, and their index.
    private struct V3: Sendable {
        var documents: [String: Forms]
        var index: StaticContent
    }

    private struct Made: Sendable {
        var v3: V3?
        var v2: Forms?
    }

    private static let protobufs = (
        v2: "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
        v3: "application/com.github.proto-openapi.spec.v3.v1.0+protobuf"
    )
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
        _ document: Forms, to request: ServerRequest, path: String, hash: String, now: Timestamp
    ) -> ServerResponse {
        guard let content = Self.accepted(document, request) else { return ServerResponse(status: 406) }
        var headers: HTTPFields = [.vary: "Accept"]
        if !hash.isEmpty {
            // The hash is that of the JSON, whatever form is asked for.
            guard hash == document.json.hash else {
                headers[.location] = "\(path)?hash=\(document.json.hash)"
                return ServerResponse(status: 301, headers: headers)
            }
            let year = Timestamp(secondsSince1970: now.secondsSince1970 + 365 * 86_400)
            headers[.cacheControl] = "public, immutable"
            headers[.expires] = year.httpDate
        }
        return content.response(to: request, headers: headers)
    }

    private func v2Response(to request: ServerRequest, now: Timestamp) -> ServerResponse {
        guard let content = Self.accepted(v2(now: now), request) else { return ServerResponse(status: 406) }
        return content.response(to: request, headers: [.vary: "Accept-Encoding, Accept"])
    }

    /// The first form that a client takes; JSON where it does not say.
    private static func accepted(_ forms: Forms, _ request: ServerRequest) -> StaticContent? {
        guard let header = request.header(.accept), !header.isEmpty else { return forms.json }
        for type in AcceptClause.parse(header).map(\.type) {
            if ["application/json", "application/*", "*/*"].contains(type) { return forms.json }
            // Older clients write an at sign, which no media type may hold.
            if type.replacing("@v1.0", with: ".v1.0") == forms.protobuf.contentType { return forms.protobuf }
        }
        return nil
    }

    private func v3(now: Timestamp) -> V3 {
        made.withLock { made in
            if let v3 = made.v3 { return v3 }
            var contents: [String: Forms] = [:]
            var paths = JSONObject()
            for key in documents.keys {
                guard let document = documents.v3(key) else { continue }
                let forms = Self.forms(
                    document.jsonBytes(), GnosticDocument.v3(document), Self.protobufs.v3, now: now)
                contents[key] = forms
                paths[key] = ["serverRelativeURL": .string("\(Self.root)/\(key)?hash=\(forms.json.hash)")]
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

    private func v2(now: Timestamp) -> Forms {
        made.withLock { made in
            if let v2 = made.v2 { return v2 }
            let document = documents.v2
            let v2 = Self.forms(document.jsonBytes(), GnosticDocument.v2(document), Self.protobufs.v2, now: now)
            made.v2 = v2
            return v2
        }
    }

    private static func forms(_ json: [UInt8], _ protobuf: [UInt8], _ type: String, now: Timestamp) -> Forms {
        Forms(
            json: StaticContent(json, contentType: "application/json", modified: now),
            protobuf: StaticContent(protobuf, contentType: type, modified: now))
    }
}
