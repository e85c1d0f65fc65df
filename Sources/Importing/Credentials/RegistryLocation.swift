import OCI

/// The place that an entry of a docker configuration is for, perhaps with wildcards in the host's labels
/// (`spec/import-and-controllers.md` A.10.3 and A.10.4).
struct RegistryLocation: Hashable, Sendable {
    /// Longer ones name no registry.
    static let maximumBytes = 2_048

    /// Host, port and path: what locations are ordered by.
    let key: String
    private let labels: [Substring]
    private let port: Substring
    /// Without the leading slash; empty where the whole registry is meant.
    private let path: Substring

    /// - Returns: nil where the text names no place.
    init?(_ text: String) {
        guard text.utf8.count <= Self.maximumBytes, !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            return nil
        }
        var rest = text[...]
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
            break
        }
        rest = rest.prefix { $0 != "?" && $0 != "#" }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var authority = rest[..<slash]
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        var path = rest[slash...]
        if path.hasPrefix("/v1/") || path.hasPrefix("/v2/") { path = path.dropFirst(3) }
        if path == "/" { path = "" }
        guard !authority.isEmpty else { return nil }
        key = String(authority + path)
        let (host, port) = Self.split(String(authority))
        labels = host.split(separator: ".", omittingEmptySubsequences: false)
        self.port = port
        self.path = path.dropFirst()
    }

    /// Whether credentials of this place may be shown to the registry of a repository.
    ///
    /// Hosts must have the same number of labels and the same port; a path covers itself and what is below it.
    func covers(_ repository: RepositoryName) -> Bool {
        let (host, port) = Self.split(repository.host)
        guard port == self.port else { return false }
        let others = host.split(separator: ".", omittingEmptySubsequences: false)
        guard others.count == labels.count, zip(labels, others).allSatisfy({ Wildcard.matches($0, $1) }) else {
            return false
        }
        let wanted = path.utf8.last == UInt8(ascii: "/") ? path.dropLast() : path
        guard !wanted.isEmpty else { return true }
        let given = repository.path.utf8
        guard given.starts(with: wanted.utf8) else { return false }
        let rest = given.dropFirst(wanted.utf8.count)
        return rest.isEmpty || rest.first == UInt8(ascii: "/")
    }

    /// A host and its port; the port is empty where none is named.
    private static func split(_ authority: String) -> (host: Substring, port: Substring) {
        guard let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") else {
            return (authority[...], "")
        }
        return (authority[..<colon], authority[authority.index(after: colon)...])
    }
}
