import APIServer
import HTTPTypes

/// The URL under which clients reach the server.
public struct PublicAddress: Sendable {
    /// What was configured, without a slash at the end; nil to follow the requests.
    private let configured: String?
    /// Names that a request may give the server: those of its certificate.
    private let hosts: Set<String>
    /// `host:port` for a request that gives it another name.
    private let fallback: @Sendable () -> String

    public init(configured: String?, hosts: Set<String>, fallback: @escaping @Sendable () -> String) {
        self.configured = configured
        self.hosts = hosts
        self.fallback = fallback
    }

    /// `https://host:port`. A host that the certificate does not name is not believed: it would be repeated in redirects.
    public func url(for request: ServerRequest) -> String {
        if let configured { return configured }
        if let host = request.host, let name = Self.name(of: host), hosts.contains(name) { return "https://\(host)" }
        return "https://\(fallback())"
    }

    /// The name or address in `name`, `name:port`, `[v6]` or `[v6]:port`.
    static func name(of host: String) -> String? {
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]"), isPort(host[host.index(after: end)...]) else { return nil }
            return String(host[host.index(after: host.startIndex)..<end])
        }
        let parts = host.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 1 || isPort(":" + parts[1]) else { return nil }
        return String(parts[0]).lowercased()
    }

    private static func isPort(_ text: some StringProtocol) -> Bool {
        if text.isEmpty { return true }
        return text.first == ":" && UInt16(text.dropFirst()) != nil
    }
}
