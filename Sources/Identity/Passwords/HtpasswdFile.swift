import Foundation
import Synchronization

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
