import Foundation
import Synchronization

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

/// The htpasswd file of a server. It is read again when it has changed.
public final class HtpasswdFile: Sendable {
    private struct Version: Equatable {
        var modified: Date?
        var size: UInt64
        var inode: UInt64
    }

    private struct State {
        var version: Version?
        var entries = HtpasswdEntries("")
    }

    /// Bytes of the largest file that is read.
    private static let maximumBytes: UInt64 = 16 << 20

    public let path: String
    private let state = Mutex(State())

    public init(path: String) { self.path = path }

    /// What the file says now; nobody where there is none.
    /// - Throws: where it cannot be read, or is too large.
    func entries() throws -> HtpasswdEntries {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
            return HtpasswdEntries("")
        }
        let version = Version(
            modified: attributes[.modificationDate] as? Date, size: (attributes[.size] as? UInt64) ?? 0,
            inode: (attributes[.systemFileNumber] as? UInt64) ?? 0)
        if let entries = state.withLock({ $0.version == version ? $0.entries : nil }) { return entries }
        guard version.size <= Self.maximumBytes else { throw CocoaError(.fileReadTooLarge) }
        let entries = HtpasswdEntries(try String(contentsOfFile: path, encoding: .utf8))
        state.withLock { $0 = State(version: version, entries: entries) }
        return entries
    }
}
