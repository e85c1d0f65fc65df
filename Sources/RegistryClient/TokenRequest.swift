import JSON

/// A request for a bearer token (G.4), and what makes two of them the same.
struct TokenRequest: Hashable, Sendable {
    let realm: WebAddress
    let service: String?
    let scopes: [String]
    /// Nil when there are none, or when the realm may not see them.
    let credentials: Credentials?
    /// Whether the realm's certificate need not be valid.
    let insecure: Bool

    /// The realm with `account`, `scope` and `service` added; keys sorted.
    var url: WebAddress {
        var items: [(key: String, value: String)] = []
        for item in (realm.query ?? "").split(separator: "&") {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            items.append((String(parts[0]), parts.count > 1 ? String(parts[1]) : ""))
        }
        if let service { items.append(("service", WebAddress.formEncoded(service))) }
        items += scopes.map { ("scope", WebAddress.formEncoded($0)) }
        if let credentials { items.append(("account", WebAddress.formEncoded(credentials.username))) }
        let query = items.enumerated()
            .sorted { ($0.element.key, $0.offset) < ($1.element.key, $1.offset) }
            .map { "\($0.element.key)=\($0.element.value)" }.joined(separator: "&")
        return WebAddress(
            scheme: realm.scheme, host: realm.host, port: realm.port, target: "\(realm.path)?\(query)")
    }
}

/// A bearer token and how long it may be used.
struct BearerToken: Sendable {
    /// Taken off the promised lifetime, for clocks and travel time.
    static let margin: Duration = .seconds(10)

    let value: String
    let expires: ContinuousClock.Instant

    /// Reads a token server's answer. The lifetime is at least 60 s, at most an hour, and counted from now:
    /// `issued_at` would only add the server's clock to the things that can be wrong (a token that ended earlier is
    /// answered with 401 and fetched anew).
    init(parsing body: [UInt8], now: ContinuousClock.Instant) throws(RegistryError) {
        let document: JSONValue
        do { document = try JSONValue.parse(body, limits: JSONLimits(depth: 100, bytes: 1 << 20)) } catch {
            throw .invalidAnswer("unable to decode token response: \(error.message)")
        }
        let candidates = [document["access_token"]?.stringValue, document["token"]?.stringValue]
        guard let token = candidates.compactMap({ $0 }).first(where: { !$0.isEmpty }) else { throw .noTokenInAnswer }
        // It becomes a header value.
        guard token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .invalidAnswer("the token contains characters no header may have")
        }
        value = token
        let seconds = min(3600, max(60, document["expires_in"]?.integerValue ?? 60))
        expires = now + .seconds(seconds) - Self.margin
    }
}
