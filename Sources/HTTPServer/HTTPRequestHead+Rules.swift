import NIOHTTP1

extension HTTPRequestHead {
    /// What makes a request of HTTP/1.1 one that nobody can answer (RFC 9112, 3.2 and 6.1).
    var refusal: HTTPResponseStatus? {
        guard version == .http1_1 else { return nil }
        if headers["host"].count != 1 { return .badRequest }
        let codings = headers["transfer-encoding"]
        return codings.isEmpty || codings.count == 1 && codings[0].lowercased() == "chunked" ? nil : .notImplemented
    }

    /// The target without what a client adds that takes the server for a proxy (RFC 9112, 3.2.2).
    var originForm: String {
        if uri.utf8.first == UInt8(ascii: "/") { return uri }
        for scheme in ["http://", "https://"] where uri.lowercased().hasPrefix(scheme) {
            let path = uri.dropFirst(scheme.count).drop { $0 != "/" && $0 != "?" }
            return path.hasPrefix("/") ? String(path) : "/" + path
        }
        return uri
    }
}
