import Configuration
import Foundation

/// How people and machines prove who they are.
public struct AuthenticationSettings: Sendable {
    /// `https://host[:port]` under which clients reach the server; nil to follow the requests.
    public var publicURL: String?
    /// The `iss` of service-account tokens and the audience that means the API.
    public var issuer: String

    /// A htpasswd file of the administrator's; nil for the one in the data directory.
    public var htpasswd: String?
    /// A YAML file of other issuers whose tokens are taken; nil for none.
    public var oidcConfiguration: String?
    /// Of tokens that people get by logging in, in seconds.
    public var tokenLifetime: Int64

    init(_ reader: ConfigReader) throws {
        publicURL = try Self.url(reader.string(forKey: "publicURL", default: ""), "public-url")
        issuer = reader.string(
            forKey: "serviceAccountIssuer", default: publicURL ?? "https://kubernetes.default.svc")
        guard !issuer.isEmpty, issuer.utf8.count <= 1024 else {
            throw WeirConfiguration.Invalid(description: "service-account-issuer must have 1 to 1024 bytes")
        }
        htpasswd = reader.string(forKey: "htpasswdFile").flatMap { $0.isEmpty ? nil : $0 }
        oidcConfiguration = reader.string(forKey: "oidcConfig").flatMap { $0.isEmpty ? nil : $0 }
        let seconds = reader.int(forKey: "tokenLifetimeSeconds", default: Self.day)
        guard (60...365 * Self.day).contains(seconds) else {
            throw WeirConfiguration.Invalid(
                description: "token-lifetime-seconds must be 60 to \(365 * Self.day), not \(seconds)")
        }
        tokenLifetime = Int64(seconds)
    }

    /// Seconds of a day.
    private static let day = 86_400

    /// An https URL of nothing but host and port.
    private static func url(_ text: String, _ name: String) throws -> String? {
        guard !text.isEmpty else { return nil }
        let trimmed = text.hasSuffix("/") ? String(text.dropLast()) : text
        guard let parts = URLComponents(string: trimmed), parts.scheme == "https", let host = parts.host,
            !host.isEmpty, parts.path.isEmpty, parts.query == nil, parts.fragment == nil, parts.user == nil
        else {
            throw WeirConfiguration.Invalid(description: "\(name) must be https://HOST[:PORT], not \"\(text)\"")
        }
        return trimmed
    }
}
