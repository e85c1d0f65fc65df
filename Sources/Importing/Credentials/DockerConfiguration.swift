import JSON
import RegistryClient

/// The credentials in a docker client's configuration (`spec/import-and-controllers.md` A.10.2).
public struct DockerConfiguration: Sendable {
    /// How the file looks, by the type of the secret that holds it.
    public enum Form: Sendable {
        /// `.dockercfg`: locations at the top.
        case plain
        /// `.dockerconfigjson`: locations below `auths`.
        case nested
    }

    /// Why it cannot be read. Repeats nothing of what is in it.
    public struct Unreadable: Error, Hashable, CustomStringConvertible {
        public let description: String
    }

    private static let limits = JSONLimits(depth: 100, bytes: 1 << 20)
    /// Further entries make the file unreadable.
    static let maximumEntries = 10_000

    /// In the order of the file; those without user or password are left out.
    let entries: [(location: RegistryLocation, credentials: Credentials)]

    /// Reads a file; an empty one has no entries.
    /// - Throws: `Unreadable`, also where one entry of many is broken: the owner should learn of it.
    public init(parsing bytes: [UInt8], form: Form) throws(Unreadable) {
        guard !bytes.isEmpty else {
            entries = []
            return
        }
        let document: JSONValue
        do { document = try JSONValue.parse(bytes, limits: Self.limits) } catch {
            throw Unreadable(description: "it is not JSON")
        }
        let locations: JSONValue?
        switch form {
        case .plain: locations = document
        case .nested:
            guard document.objectValue != nil || document.isNull else {
                throw Unreadable(description: "it is not a JSON object")
            }
            locations = document["auths"]
        }
        guard let locations, !locations.isNull else {
            entries = []
            return
        }
        guard let object = locations.objectValue else {
            throw Unreadable(description: "its locations are not a JSON object")
        }
        guard object.count <= Self.maximumEntries else { throw Unreadable(description: "it has too many entries") }
        var entries: [(location: RegistryLocation, credentials: Credentials)] = []
        for (text, entry) in object {
            guard let credentials = try Self.credentials(entry), let location = RegistryLocation(text) else { continue }
            entries.append((location, credentials))
        }
        self.entries = entries
    }

    /// `auth` wins over `username` and `password`; tokens of identity servers are not used.
    private static func credentials(_ entry: JSONValue) throws(Unreadable) -> Credentials? {
        guard entry.objectValue != nil || entry.isNull else {
            throw Unreadable(description: "an entry is not a JSON object")
        }
        func text(_ name: String) throws(Unreadable) -> String {
            guard let value = entry[name], !value.isNull else { return "" }
            guard let text = value.stringValue else { throw Unreadable(description: "\(name) is not a string") }
            return text
        }
        var (username, password) = (try text("username"), try text("password"))
        let auth = try text("auth")
        if !auth.isEmpty {
            guard let bytes = decode(auth), let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
                let user = String(validating: bytes[..<colon], as: UTF8.self),
                let secret = String(validating: bytes[bytes.index(after: colon)...], as: UTF8.self)
            else { throw Unreadable(description: "auth is not the base64 form of user:password") }
            (username, password) = (user, secret)
        }
        guard !username.isEmpty, !password.isEmpty else { return nil }
        return Credentials(username: username, password: password)
    }

    /// Base64 of the standard alphabet, padded or not.
    private static func decode(_ text: String) -> [UInt8]? {
        let bare = text.utf8.reversed().drop { $0 == UInt8(ascii: "=") }.count
        let body = text.utf8.prefix(bare)
        let padding = String(repeating: "=", count: (4 - bare % 4) % 4)
        guard case .bytes(let bytes) = Base64.decode(Array(body) + Array(padding.utf8)) else { return nil }
        return bytes
    }
}
