import APIMachinery
import JSON

/// An issuer of tokens that the server takes, as the administrator describes it.
public struct OIDCIssuerSettings: Sendable, Hashable {
    /// A configuration that cannot be used, in words for the person who wrote it.
    public struct Invalid: Error, CustomStringConvertible {
        public var description: String
    }

    /// The `iss` of its tokens; https.
    public var url: String
    /// One of these must be among the `aud` of a token: mostly the id of the client that people log in with.
    public var audiences: [String]
    public var usernameClaim = "sub"
    /// Stands before all names: users of different issuers are different people.
    public var usernamePrefix: String
    /// Nil where tokens name no groups.
    public var groupsClaim: String?
    public var groupsPrefix: String
    /// Claims that must have these values.
    public var requiredClaims: [String: String] = [:]
    /// PEM of the authority that the issuer's certificate is of; nil for those of the system.
    public var authorityFile: String?
    /// A key set, instead of asking the issuer for it.
    public var keysFile: String?

    /// Reads a configuration: `issuers:`, a list.
    /// - Throws: `Invalid`.
    public static func list(yaml: String) throws -> [OIDCIssuerSettings] {
        let document: JSONValue
        do { document = try YAML.parse(yaml).value } catch { throw Invalid(description: "\(error)") }
        try check(document, allowed: ["issuers"], at: "the file")
        guard let issuers = document["issuers"]?.arrayValue, !issuers.isEmpty else {
            throw Invalid(description: "issuers must be a list with at least one issuer")
        }
        let list = try issuers.enumerated().map { try OIDCIssuerSettings($0.element, at: "issuers[\($0.offset)]") }
        guard Set(list.map(\.url)).count == list.count else {
            throw Invalid(description: "an issuer stands there twice")
        }
        return list
    }

    private static let members: Set<String> = [
        "url", "audiences", "usernameClaim", "usernamePrefix", "groupsClaim", "groupsPrefix", "requiredClaims",
        "caFile",
        "jwksFile",
    ]

    private init(_ value: JSONValue, at place: String) throws {
        try Self.check(value, allowed: Self.members, at: place)
        func text(_ name: String) throws -> String? {
            guard let value = value[name], !value.isNull else { return nil }
            guard let text = value.stringValue else { throw Invalid(description: "\(place).\(name) must be a string") }
            return text
        }
        guard let url = try text("url"), url.hasPrefix("https://"), url.utf8.count > 8,
            url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !url.contains("?"), !url.contains("#")
        else { throw Invalid(description: "\(place).url must be an https URL without query") }
        self.url = url
        let audiences = value["audiences"]?.arrayValue?.compactMap(\.stringValue).filter { !$0.isEmpty } ?? []
        guard !audiences.isEmpty else {
            throw Invalid(description: "\(place).audiences must name at least one audience")
        }
        self.audiences = audiences
        usernameClaim = try text("usernameClaim") ?? "sub"
        // As the reference: e-mail addresses say where they come from, other names do not.
        usernamePrefix = try text("usernamePrefix") ?? (usernameClaim == "email" ? "" : url + "#")
        groupsClaim = try text("groupsClaim")
        groupsPrefix = try text("groupsPrefix") ?? ""
        authorityFile = try text("caFile")
        keysFile = try text("jwksFile")
        for prefix in [usernamePrefix, groupsPrefix] where prefix.hasPrefix("system:") {
            throw Invalid(description: "\(place): a prefix must not begin with system:")
        }
        if let claims = value["requiredClaims"] {
            guard case .object(let members) = claims else {
                throw Invalid(description: "\(place).requiredClaims must be a mapping")
            }
            for (name, claim) in members {
                guard let text = claim.stringValue else {
                    throw Invalid(description: "\(place).requiredClaims.\(name) must be a string")
                }
                requiredClaims[name] = text
            }
        }
    }

    private static func check(_ value: JSONValue, allowed: Set<String>, at place: String) throws {
        guard case .object(let members) = value else { throw Invalid(description: "\(place) must be a mapping") }
        for (name, _) in members where !allowed.contains(name) {
            throw Invalid(description: "\(place): \(name) is unknown")
        }
    }
}
