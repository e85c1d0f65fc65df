import Foundation

/// The file that holds the keys of a server: one base64 text of 32 bytes a line, the one that encrypts first. Empty
/// lines and lines that begin with `#` are skipped.
public struct EncryptionKeyFile: Sendable {
    /// Further keys, and longer files, are refused.
    private static let maximumKeys = 64
    private static let maximumBytes = 16 << 10

    public let path: String

    public init(path: String) { self.path = path }

    /// What is wrong with a key file, in words for people. Shows nothing of the keys.
    public struct Unusable: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// The keys in the file; nil where there is no file.
    /// - Throws: `Unusable` where it cannot be read, or is not what it should be.
    public func read() throws(Unusable) -> EncryptionKeys? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard let file = FileHandle(forReadingAtPath: path) else { throw unusable("it cannot be read") }
        defer { try? file.close() }
        guard let bytes = try? file.read(upToCount: Self.maximumBytes + 1), bytes.count <= Self.maximumBytes,
            let text = String(data: bytes, encoding: .utf8)
        else { throw unusable("it is no key file") }
        var keys: [EncryptionKey] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let key = EncryptionKey(base64: line) else {
                throw unusable("line \(index + 1) is not the base64 form of 32 bytes")
            }
            keys.append(key)
        }
        guard let first = keys.first else { throw unusable("it holds no key") }
        guard keys.count <= Self.maximumKeys else { throw unusable("it holds more than \(Self.maximumKeys) keys") }
        return EncryptionKeys(first, Array(keys.dropFirst()))
    }

    /// Whether people other than the owner and its group can read the file.
    public var isOpenToOthers: Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return ((attributes?[.posixPermissions] as? Int ?? 0) & 0o007) != 0
    }

    /// Replaces the file, whole and durably, readable by its owner only.
    /// - Throws: `Unusable`; the file is then as it was, or as it should be.
    public func write(_ keys: EncryptionKeys) throws(Unusable) {
        let text =
            "# Keys of the secrets in the store. The first one encrypts. Without them the secrets are lost.\n"
            + keys.keys.map { $0.base64 + "\n" }.joined()
        let temporary = path + ".new"
        unlink(temporary)
        let descriptor = Foundation.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw unusable("it cannot be written: \(String(cString: strerror(errno)))") }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data(text.utf8))
            try file.synchronize()
            try file.close()
        } catch {
            unlink(temporary)
            throw unusable("it cannot be written")
        }
        guard rename(temporary, path) == 0 else {
            throw unusable("it cannot be replaced: \(String(cString: strerror(errno)))")
        }
        try synchronizeFolder()
    }

    /// A new name is durable when its folder is.
    private func synchronizeFolder() throws(Unusable) {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let descriptor = Foundation.open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unusable("its folder cannot be opened") }
        defer { Foundation.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw unusable("its folder cannot be synced") }
    }

    private func unusable(_ what: String) -> Unusable { Unusable(description: "the key file \(path): \(what)") }
}
