/// Users and password hashes in the form of Apache's htpasswd: a line `name:hash` each.
public struct HtpasswdEntries: Sendable, Hashable {
    /// Lines that are taken, at most.
    private static let maximumEntries = 100_000

    /// In the order of the file.
    public private(set) var names: [String] = []
    private var hashes: [String: PasswordHash] = [:]
    /// What an unknown user is checked against: the most expensive hash there is.
    let stranger: PasswordHash?

    /// Lines that are no user with a bcrypt hash are left out; of several lines for a user the first counts.
    public init(_ text: String) {
        var costliest: PasswordHash?
        for line in text.split(whereSeparator: \.isNewline).prefix(Self.maximumEntries) where !line.hasPrefix("#") {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, let hash = PasswordHash(String(parts[1])) else { continue }
            let name = String(parts[0])
            guard hashes[name] == nil else { continue }
            hashes[name] = hash
            names.append(name)
            if hash.cost > costliest?.cost ?? 0 { costliest = hash }
        }
        // Of no password that anybody knows.
        stranger =
            costliest ?? PasswordHash("$2y$12$GhvMmNVjRW29ulnudl.LbuAnUtN/LRfe1JsBm1Xu6LE3059z5Tr8m")
    }

    public subscript(name: String) -> PasswordHash? { hashes[name] }
}
