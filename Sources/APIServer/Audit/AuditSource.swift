import Glibc
import HTTPTypes

/// Where a request came from, as far as it says so.
enum AuditSource {
    /// What proxies said (`X-Forwarded-For`, `X-Real-Ip`), and last the peer of the connection
    /// (spec/api-machinery.md 9.9). Only addresses, each once in a row.
    static func addresses(of request: ServerRequest) -> [String] {
        var addresses: [String] = []
        if let name = HTTPField.Name("X-Forwarded-For") {
            for value in request.headers[values: name] {
                addresses += value.split(separator: ",").map { String($0).trimmingBlanks() }.filter(isAddress)
            }
        }
        if let name = HTTPField.Name("X-Real-Ip"), let value = request.headers[name]?.trimmingBlanks(),
            isAddress(value), !addresses.contains(value)
        {
            addresses.append(value)
        }
        if !request.remoteAddress.isEmpty && addresses.last != request.remoteAddress {
            addresses.append(request.remoteAddress)
        }
        return addresses
    }

    private static func isAddress(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1
    }

    /// What the client calls itself, within bounds.
    static func userAgent(of request: ServerRequest) -> String {
        let agent = request.header(.userAgent) ?? ""
        guard agent.utf8.count > 1_024 else { return agent }
        return String(agent.unicodeScalars.prefix(1_024).map(Character.init)) + "...TRUNCATED"
    }

    /// The ways in which a request that was refused tried to show who makes it, in the reference's words.
    static func attempts(of request: ServerRequest) -> String {
        let header = request.header(.authorization)?.lowercased() ?? ""
        var methods: [String] = []
        if header.hasPrefix("basic ") { methods.append("basic") }
        if header.hasPrefix("bearer ") { methods.append("bearer") }
        if request.query.contains("access_token=") { methods.append("access_token") }
        if methods.isEmpty { return "Authentication failed, no credentials provided" }
        return "Authentication failed, attempted: \(methods.joined(separator: ", "))"
    }
}
