extension RegistryError: CustomStringConvertible {
    public var description: String { text }

    /// The error as the reference prints it (G.9, G.10); failed imports quote it.
    public var text: String {
        switch self {
        case .network(let method, let url, let failure): "\(method) \"\(url)\": \(failure.text)"
        case .unsupportedEndpoint(let endpoint, _, let line, _):
            "endpoint \"\(endpoint)\" does not support v2 API (got \(line))"
        case .registry(_, let entries, _): Self.list(entries)
        case .unexplained(let status, let why, let body, _):
            "error parsing HTTP \(status) response body: \(why): \(Self.quoted(body))"
        case .unexpectedStatus(_, let line, _): "received unexpected HTTP status: \(line)"
        case .unknownBlob: "unknown blob"
        case .authenticating(let method, let url, let error): "\(method) \"\(url)\": \(error.text)"
        case .noBasicCredentials: "no basic auth credentials"
        case .noTokenRealm: "no realm specified for token auth challenge"
        case .refusedTokenRealm(let realm): "refusing to ask for a token at \"\(realm)\""
        case .noTokenInAnswer: "authorization server did not include a token in the response"
        case .loop(let url): "Request to \(url) is denied because a loop is detected"
        case .tooManyRedirects(let count): "stopped after \(count) redirects"
        case .refusedRedirect(let target, let why): "refusing the redirect to \"\(target)\": \(why)"
        case .tooLarge(let what, let limit): "\(what) is longer than \(limit) bytes"
        case .manifestMismatch(let expected, let computed):
            "content integrity error: the manifest retrieved with digest \(expected) does not match the digest "
                + "calculated from the content \(computed)"
        case .blobMismatch(let expected, let computed):
            "content integrity error: the blob retrieved with digest \(expected) does not match the digest "
                + "calculated from the content \(computed)"
        case .invalidManifest(let error): error.text
        case .missingContentLength(let url): "missing content-length header for request: \(url)"
        case .badTagList(let text), .invalidAnswer(let text): text
        }
    }

    private static func list(_ entries: [RegistryErrorEntry]) -> String {
        guard entries.count != 1 else { return entries[0].text }
        return entries.reduce("errors:\n") { $0 + $1.text + "\n" }
    }

    private static func quoted(_ body: String) -> String {
        let shown = String(body.prefix(2048))
        return "\"" + shown.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            + "\""
    }
}

/// What callers decide by.
extension RegistryError {
    /// Whether the registry's own list names `code`; errors met while authenticating do not count.
    public func contains(code: String) -> Bool {
        if case .registry(_, let entries, _) = self { entries.contains { $0.code == code } } else { false }
    }

    /// The HTTP status that caused the error, if one did.
    public var status: Int? {
        switch self {
        case .registry(let status, _, _), .unexplained(let status, _, _, _), .unexpectedStatus(let status, _, _),
            .unsupportedEndpoint(_, let status, _, _):
            status
        case .unknownBlob: 404
        case .authenticating(_, _, let error): error.status
        default: nil
        }
    }

    /// The pause the registry asked for.
    public var retryAfter: Duration? {
        switch self {
        case .registry(_, _, let pause), .unexplained(_, _, _, let pause), .unexpectedStatus(_, _, let pause),
            .unsupportedEndpoint(_, _, _, let pause):
            pause
        case .authenticating(_, _, let error): error.retryAfter
        default: nil
        }
    }

    /// Whether another attempt may go better: 429, 502, 503, 504, time-outs and silent name servers.
    public var isTemporary: Bool {
        switch self {
        case .network(_, _, let failure): failure.kind == .timeout || failure.kind == .nameServer
        case .authenticating(_, _, let error): error.isTemporary
        default: [429, 502, 503, 504].contains(status ?? 0)
        }
    }

    /// Whether other credentials, or none, might be let in.
    public var isAccessRefused: Bool {
        switch self {
        case .registry(let status, let entries, _):
            status == 401 || entries.contains { $0.code == "UNAUTHORIZED" || $0.code == "DENIED" }
        case .authenticating(_, _, let error): error == .noBasicCredentials || error.isAccessRefused
        case .noBasicCredentials: true
        default: status == 401 || status == 403
        }
    }
}
