import APIServer
import HTTPTypes

/// Where clients reach the registry, which may be behind proxies that speak TLS for it (spec/registry.md C-6).
public struct PublicAddress: Sendable {
    /// `scheme://host[:port]`; nil for what the request says.
    public var configured: String?
    /// Proxies that are believed what they say of the client's request.
    public var trustedProxies: [AddressRange] = []
    /// Whether references begin with `/`: the client adds what it has asked. Otherwise they are whole.
    public var isRelative = true

    public init() {}

    /// `scheme://host[:port]` as the client has it, as far as that can be told.
    func base(of request: ServerRequest) -> String {
        if let configured { return configured }
        let said = forwarded(request)
        return "\(said.scheme ?? (request.isSecure ? "https" : "http"))://\(said.host ?? Self.host(of: request))"
    }

    /// The host that the client talks to.
    func host(of request: ServerRequest) -> String {
        let base = base(of: request)
        return base.range(of: "://").map { String(base[$0.upperBound...]) } ?? base
    }

    /// Makes the references of an answer whole, where that is wanted.
    func complete(_ headers: inout HTTPFields, of request: ServerRequest) {
        guard !isRelative else { return }
        if let location = headers[.location], location.hasPrefix("/") {
            headers[.location] = base(of: request) + location
        }
        if let link = headers[.link], link.hasPrefix("</") {
            headers[.link] = "<" + base(of: request) + link.dropFirst()
        }
    }

    // MARK: What is said

    /// From the first proxy that the client met (RFC 7239, or what was usual before).
    private func forwarded(_ request: ServerRequest) -> (scheme: String?, host: String?) {
        guard trustedProxies.contains(where: { $0.contains(request.remoteAddress) }) else { return (nil, nil) }
        if let value = request.header(.forwarded) {
            let pairs = Self.first(value).lowercased().split(separator: ";").map {
                $0.split(separator: "=", maxSplits: 1)
            }
            func said(_ name: String) -> String? {
                pairs.first { $0.count == 2 && $0[0] == name }.map { String($0[1].filter { $0 != "\"" }) }
            }
            return (said("proto").flatMap(Self.scheme), said("host").flatMap(Self.checked))
        }
        return (
            request.header(.forwardedProto).map(Self.first).flatMap(Self.scheme),
            request.header(.forwardedHost).map(Self.first).flatMap(Self.checked)
        )
    }

    /// The first element of a list, without blanks.
    private static func first(_ value: String) -> String {
        value.prefix { $0 != "," }.filter { $0 != " " && $0 != "\t" }
    }

    private static func scheme(_ text: String) -> String? {
        ["http", "https"].first { $0 == text.lowercased() }
    }

    /// The host that the request names, if it is one: it comes back in headers.
    private static func host(of request: ServerRequest) -> String {
        request.header(.host).flatMap(checked) ?? "localhost"
    }

    private static func checked(_ host: String) -> String? {
        !host.isEmpty && host.utf8.allSatisfy(isHost) ? host : nil
    }

    private static func isHost(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: ".-:[]_".utf8.contains(byte)
        }
    }
}
