import APIMachinery
import JSON

/// What never gets into the audit log, whatever the policy says: the content of secrets and tokens.
enum AuditSecrecy {
    /// Whether bodies of a resource are kept out of the log.
    static func covers(_ request: RequestInfo) -> Bool {
        guard request.isResourceRequest else { return false }
        let subresource = request.subresource.lowercased()
        return resources.contains(request.resource.lowercased()) || subresource == "secrets" || subresource == "token"
    }

    private static let resources: Set<String> = [
        "secrets", "tokenreviews", "tokenrequests", "oauthaccesstokens", "oauthauthorizetokens",
        "useroauthaccesstokens", "oauthclients",
    ]

    private static let kinds: Set<String> = [
        "secret", "tokenreview", "tokenrequest", "oauthaccesstoken", "oauthauthorizetoken", "useroauthaccesstoken",
        "oauthclient",
    ]

    /// Whether a document is a secret or holds one: a client may send anything anywhere.
    static func covers(_ document: JSONValue) -> Bool {
        guard let kind = document["kind"]?.stringValue?.lowercased() else { return false }
        if kinds.contains(kind) || kind.hasSuffix("list") && kinds.contains(String(kind.dropLast(4))) { return true }
        return document["items"]?.arrayValue?.contains(where: covers) ?? false
    }

    /// The text of an error without the first bytes of a body that could not be read.
    static func withoutQuotation(_ message: String) -> String {
        guard message.hasPrefix("the object provided is unrecognized"), let end = message.firstIndex(of: ")") else {
            return message
        }
        return String(message[...end])
    }

    /// Parameters of a query whose values are credentials.
    private static let parameters: Set<String> = [
        "access_token", "id_token", "refresh_token", "token", "authorization", "bearer", "code", "client_secret",
        "secret", "password",
    ]

    /// The target of a request without the credentials somebody may have put into its query.
    static func uri(_ request: ServerRequest) -> String {
        guard !request.query.isEmpty else { return request.path }
        let parts = request.query.split(separator: "&", omittingEmptySubsequences: false).map { part -> String in
            guard let mark = part.firstIndex(of: "=") else { return String(part) }
            let name = PercentEncoding.decode(part[..<mark].utf8, plusIsSpace: true).trimmingBlanks().lowercased()
            return parameters.contains(name) ? "\(part[..<mark])=REDACTED" : String(part)
        }
        return "\(request.path)?\(parts.joined(separator: "&"))"
    }
}
