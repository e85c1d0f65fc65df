public import OCI

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension FileBlobStore {
    /// How the files of another registry's directory become ours.
    public enum AdoptionMethod: String, Sendable, CaseIterable {
        /// Both have the file, without a second copy of its bytes; on another file system it is copied. Nobody may
        /// write into it any more, which registries do not do.
        case link
        case copy
        /// The other directory loses it; on another file system it is copied and stays.
        case move
    }

    /// What became of a file.
    public enum Adopted: Sendable, Hashable {
        /// It is in the store now, or was there before. `alias` is the name it had, where that is not the canonical one.
        case blob(StoredBlob, alias: Digest?)
        /// The bytes are not those of the path's digest: it was left where it is.
        case damaged(actual: Digest)
    }

    /// Takes a file of another registry's directory over, after reading all of it. A directory that is the store's own
    /// has its blobs in place already: they are only checked.
    ///
    /// - Throws: errors of the disk.
    public func adopt(
        _ blob: ReferenceDirectory.Blob, by method: AdoptionMethod
    ) async throws(BlobError) -> Adopted {
        let (layout, shelf) = (layout, shelf)
        try requireWritable()
        return try await workers.run { () throws(BlobError) in
            try Self.adopt(blob, by: method, layout, shelf)
        }
    }

    private static func adopt(
        _ blob: ReferenceDirectory.Blob, by method: AdoptionMethod, _ layout: BlobLayout, _ shelf: BlobShelf
    ) throws(BlobError) -> Adopted {
        let file = try Disk.open(blob.path, O_RDONLY | O_NONBLOCK)
        let entry = try Disk.entry(file)
        guard entry.kind == .file else { throw .corrupt(blob.digest) }
        var hashes = UploadHashes(blob.digest.algorithm)
        let size = try hashes.update(with: file, upTo: .max)
        guard let actual = hashes.digest(blob.digest.algorithm), actual == blob.digest else {
            return .damaged(actual: hashes.digest(blob.digest.algorithm) ?? hashes.digest)
        }
        let alias = blob.digest.algorithm == .sha256 ? nil : blob.digest
        let digest = hashes.digest
        var stored = StoredBlob(digest: digest, size: size)
        // In place, or a second one of the same.
        if try shelf.size(of: digest) == size { return .blob(stored, alias: alias) }
        let staged = layout.data(UploadID.random())
        do throws(BlobError) {
            try stage(blob, file, at: staged, by: method)
            stored.isNew = try shelf.commit(staged, as: digest, size: size)
        } catch {
            _ = try? Disk.remove(staged)
            throw error
        }
        // Only now: a crash before leaves both.
        if method == .move { _ = try? Disk.remove(blob.path) }
        return .blob(stored, alias: alias)
    }

    private static func stage(
        _ blob: ReferenceDirectory.Blob, _ file: BlobFile, at path: String, by method: AdoptionMethod
    ) throws(BlobError) {
        if method != .copy {
            do throws(BlobError) {
                // The file that was read, whatever its path leads to by now.
                let source = "/proc/self/fd/\(file.descriptor)"
                try Disk.call("link \(blob.path)") {
                    Int(linkat(AT_FDCWD, source, AT_FDCWD, path, AT_SYMLINK_FOLLOW))
                }
                return try Disk.sync(file)
            } catch {
                // Another file system, one that has no hard links, or no /proc.
                guard case .io(_, let code) = error, [EXDEV, EPERM, EMLINK, EOPNOTSUPP, ENOENT].contains(code) else {
                    throw error
                }
            }
        }
        let copy = try Disk.open(path, O_RDWR | O_CREAT | O_EXCL)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 16)
        defer { memory.deallocate() }
        var offset: Int64 = 0
        while case let count = try Disk.read(into: memory, from: file, at: offset), count > 0 {
            try Disk.write(UnsafeRawBufferPointer(rebasing: memory[..<count]), to: copy, at: offset)
            offset += Int64(count)
        }
        try Disk.sync(copy)
    }
}
