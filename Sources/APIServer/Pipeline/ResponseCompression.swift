import HTTPTypes

/// Compresses large answers for clients that ask for it (spec/api-machinery.md 1.8).
enum ResponseCompression {
    /// Answers up to this many bytes go plain: they cost the processor more than they save the network.
    static let threshold = 131_072

    /// Compresses the body of `response` where the client takes gzip; streams stay as they are, so that each event
    /// arrives when it happens, and so do parts of a document, which are counted in its own bytes.
    static func apply(to response: inout ServerResponse, _ request: ServerRequest) {
        guard let length = response.body.length, length > threshold, response.status != 206,
            response.headers[.contentEncoding] == nil, accepts(request.header(.acceptEncoding) ?? ""),
            let bytes = response.body.joined, let compressed = Gzip.compress(bytes)
        else { return }
        response.body = .bytes(compressed)
        response.headers[.contentEncoding] = "gzip"
        response.headers.append(HTTPField(name: .vary, value: "Accept-Encoding"))
    }

    /// Whether one of the tokens is exactly `gzip`. Qualities are ignored, as the reference ignores them.
    static func accepts(_ header: String) -> Bool {
        header.split(separator: ",").contains { token in
            String(token.prefix { $0 != ";" }).trimmingBlanks() == "gzip"
        }
    }
}
