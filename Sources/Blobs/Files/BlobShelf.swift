import OCI
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The files of complete blobs. All of it waits for the disk.
///
/// What happens to one blob happens one after the other: whoever is told that a blob is there can rely on it being
/// durable.
final class BlobShelf: Sendable {
    private final class Lock: Sendable { let mutex = Mutex(()) }

    let layout: BlobLayout
    private let locks = (0..<256).map { _ in Lock() }

    private let keepsOrder: Bool

    init(_ layout: BlobLayout) {
        self.layout = layout
        keepsOrder = Disk.keepsOrder(layout.root)
    }

    private func alone<Value: Sendable>(
        with digest: Digest, _ body: () throws(BlobError) -> sending Value
    ) throws(BlobError) -> Value {
        let index = Int(digest.hex.prefix(2), radix: 16) ?? 0
        return try locks[index].mutex.withLock { (_) throws(BlobError) in try body() }
    }

    /// The size of a blob; nil where it is not there.
    func size(of digest: Digest) throws(BlobError) -> Int64? {
        guard digest.algorithm == .sha256, let entry = try Disk.entry(layout.data(digest)), entry.kind == .file else {
            return nil
        }
        return entry.size
    }

    /// Whether a blob is there, and durable.
    func holds(_ digest: Digest, size: Int64) throws(BlobError) -> Bool {
        try alone(with: digest) { () throws(BlobError) in try self.size(of: digest) == size }
    }

    /// Gives a complete file its place.
    ///
    /// - Parameters:
    ///   - path: of the file, on the same file system; gone afterwards.
    ///   - unsynced: the file, where it is not durable because the blob seemed to be there.
    /// - Returns: false where the blob was there.
    func commit(
        _ path: String, as digest: Digest, size: Int64, unsynced: BlobFile? = nil
    ) throws(BlobError) -> Bool {
        try alone(with: digest) { () throws(BlobError) in
            // Nothing but a whole blob has its size, and who is first makes it durable before the next may look.
            if try self.size(of: digest) == size {
                try Disk.remove(path)
                return false
            }
            if let unsynced { try Disk.sync(unsynced) }
            try makeDirectory(for: digest)
            try Disk.move(path, to: layout.data(digest))
            do throws(BlobError) {
                try Disk.syncDirectory(layout.directory(digest))
                // The folder came before its content.
                if !keepsOrder { try Disk.syncDirectory(layout.prefixDirectory(digest)) }
            } catch {
                // It may vanish with the machine: nobody is to rely on it.
                try? Disk.move(layout.data(digest), to: path)
                throw error
            }
            return true
        }
    }

    private func makeDirectory(for digest: Digest) throws(BlobError) {
        do { try Disk.makeDirectory(layout.directory(digest)) } catch {
            guard case .io(_, ENOENT) = error else { throw error }
            try Disk.makeDirectory(layout.prefixDirectory(digest))
            try Disk.syncDirectory(layout.blobs)
            try Disk.makeDirectory(layout.directory(digest))
        }
    }

    /// Moves a blob into the trash.
    func condemn(_ digest: Digest) throws(BlobError) -> Bool {
        try alone(with: digest) { () throws(BlobError) in
            guard try size(of: digest) != nil else { return false }
            try clear(layout.trashed(digest))
            try Disk.move(layout.directory(digest), to: layout.trashed(digest))
            return true
        }
    }

    /// Moves a blob back from the trash, unless it was stored again meanwhile.
    func restore(_ digest: Digest) throws(BlobError) -> Bool {
        try alone(with: digest) { () throws(BlobError) in
            if try size(of: digest) != nil { return true }
            guard try Disk.entry(layout.trashed(digest) + "/data")?.kind == .file else { return false }
            // Empty at most, or it would have been found.
            try clear(layout.directory(digest))
            try Disk.makeDirectory(layout.prefixDirectory(digest))
            try Disk.move(layout.trashed(digest), to: layout.directory(digest))
            try Disk.syncDirectory(layout.prefixDirectory(digest))
            return true
        }
    }

    /// Deletes what the trash has of a blob.
    func remove(_ digest: Digest) throws(BlobError) -> Int64 {
        try alone(with: digest) { () throws(BlobError) in try clear(layout.trashed(digest)) }
    }

    /// Deletes a blob, also what the trash has of it. The file goes before its folder, so that what a crash leaves is no
    /// blob.
    func discard(_ digest: Digest) throws(BlobError) -> Int64 {
        try alone(with: digest) { () throws(BlobError) in
            try clear(layout.directory(digest)) + clear(layout.trashed(digest))
        }
    }

    /// Puts a damaged blob aside.
    func quarantine(_ digest: Digest) throws(BlobError) {
        try alone(with: digest) { () throws(BlobError) in
            guard try Disk.entry(layout.directory(digest)) != nil else { return }
            try Disk.makeDirectory(layout.quarantine)
            try clear(layout.quarantined(digest))
            try Disk.move(layout.directory(digest), to: layout.quarantined(digest))
            try Disk.syncDirectory(layout.prefixDirectory(digest))
        }
    }

    /// - Returns: bytes that were freed.
    @discardableResult
    private func clear(_ directory: String) throws(BlobError) -> Int64 {
        guard try Disk.entry(directory) != nil else { return 0 }
        return try Disk.removeDirectory(directory)
    }

    /// What is in the trash after a digest, in order.
    func trashed(after digest: Digest?, limit: Int) throws(BlobError) -> [Digest] {
        let last = digest?.hex ?? ""
        let names = try Disk.names(in: layout.trash).sorted().lazy.filter { $0 > last }
        return Array(names.compactMap { Digest("sha256:" + $0) }.prefix(limit))
    }

    /// Blobs after a digest, in order; the directories of the reference are read one after the other.
    func blobs(after digest: Digest?, limit: Int) throws(BlobError) -> [StoredBlob] {
        var found: [StoredBlob] = []
        let last = digest?.hex ?? ""
        for prefix in try Disk.names(in: layout.blobs).sorted() where prefix >= last.prefix(2) {
            for name in try Disk.names(in: layout.blobs + "/" + prefix).sorted() where name > last {
                guard found.count < limit else { return found }
                guard name.hasPrefix(prefix), let digest = Digest("sha256:" + name), let size = try size(of: digest)
                else { continue }
                found.append(StoredBlob(digest: digest, size: size))
            }
        }
        return found
    }
}
