import APIMachinery
import HTTPTypes
import JSON
import OCI

/// Answers the discovery paths: plain documents, and the aggregated form where a client asks for it.
struct DiscoveryHandler: Sendable {
    private struct Aggregated: Sendable {
        var json: [UInt8]
        var tag: String
    }

    private let documents: DiscoveryDocuments
    /// By path and version.
    private let aggregated: [String: Aggregated]

    init(_ documents: DiscoveryDocuments) {
        self.documents = documents
        var aggregated: [String: Aggregated] = [:]
        for path in ["/api", "/apis"] {
            for version in ["v2", "v2beta1"] {
                let json = documents.aggregated(isCore: path == "/api", version: version).jsonBytes()
                let digest = Digest.compute(.sha512, of: json).hex.uppercased()
                aggregated[path + version] = Aggregated(json: json, tag: "\"\(digest)\"")
            }
        }
        self.aggregated = aggregated
    }

    /// - Parameter path: the decoded path.
    /// - Returns: nil where no document is served there.
    func response(to request: ServerRequest, path: String, query: QueryParameters) throws -> ServerResponse? {
        let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        guard let document = documents.document(at: trimmed) else { return nil }
        guard request.method == "GET" else { throw APIError.methodNotAllowed }
        if aggregated[trimmed + "v2"] != nil,
            let (answer, version) = aggregatedAnswer(trimmed, accept: request.header(.accept) ?? "")
        {
            return response(answer, version: version, request)
        }
        let form = try OutputForm.negotiate(request, query, offer: .init(hasTable: false))
        return ResponseEncoder(form: form).response(200, document.json, document.schema)
    }

    /// The first clause decides: a known version of the aggregated form, or plain JSON.
    private func aggregatedAnswer(_ path: String, accept: String) -> (Aggregated, String)? {
        for clause in AcceptClause.parse(accept) {
            guard clause.type == "application/json" || clause.type == "*/*" else { continue }
            guard clause.parameters["as"] == "APIGroupDiscoveryList" else {
                if clause.parameters["as"] == nil { return nil }
                continue
            }
            if clause.parameters["g"] == "apidiscovery.k8s.io", let version = clause.parameters["v"],
                let answer = aggregated[path + version]
            {
                return (answer, version)
            }
        }
        return nil
    }

    private func response(_ answer: Aggregated, version: String, _ request: ServerRequest) -> ServerResponse {
        var headers: HTTPFields = [.eTag: answer.tag, .vary: "Accept", .cacheControl: "public"]
        if request.header(.ifNoneMatch) == answer.tag { return ServerResponse(status: 304, headers: headers) }
        headers[.contentType] = "application/json;g=apidiscovery.k8s.io;v=\(version);as=APIGroupDiscoveryList"
        return ServerResponse(status: 200, headers: headers, body: .bytes(answer.json + [UInt8(ascii: "\n")]))
    }
}

extension ResourceDescriptor {
    /// The first 8 bytes of the digest of group, version and kind in base64; only for what is stored (8.1).
    var storageVersionHash: String? {
        guard isStored, subresource.isEmpty else { return nil }
        let text = "\(kind.group)/\(kind.version)/\(kind.kind)"
        let hex = Array(Digest.sha256(of: Array(text.utf8)).hex.utf8.prefix(16))
        let bytes = stride(from: 0, to: 16, by: 2).compactMap {
            UInt8(String(decoding: hex[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
        return String(decoding: Base64.encode(bytes), as: UTF8.self)
    }
}
