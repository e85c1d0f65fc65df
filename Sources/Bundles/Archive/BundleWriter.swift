import CArchive
import OCI

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Writes an OCI image layout as a tar file: each blob once, in any order, `index.json` last. The same content gives the
/// same bytes.
///
/// A file gets its name when it is whole; before, it is `PATH.partial`, and a writer that is made for the same path goes on
/// with what is good of it. A class, used by one task, because the library keeps its state behind a pointer.
final class BundleWriter {
    private let path: String?
    private let file: ArchiveFile?
    private let archive: OpaquePointer
    /// What is in the archive by now, with its size in bytes.
    private(set) var written: [Digest: Int64] = [:]
    /// Bytes of blobs that were written by this process.
    private(set) var bytes: Int64 = 0
    /// Whether a blob has begun and not ended: nothing else can be written.
    var isWithinBlob: Bool { begun != nil }
    private var begun: (digest: Digest, size: Int64)?

    /// - Parameters:
    ///   - path: of the file; nil for standard output.
    ///   - onResume: gets how much of a partial file is good.
    /// - Throws: `.file`.
    init(_ path: String?, onResume: (Int) -> Void = { _ in }) throws(BundleError) {
        self.path = path
        var descriptor: Int32 = 1
        var hasLayout = false
        if let path {
            let partial = Self.partial(path)
            let file = try ArchiveFile.open(partial, writes: true, creates: true)
            let (good, end, layout) = try Self.goodPart(partial)
            try file.cut(at: end)
            (written, hasLayout, descriptor) = (good, layout, file.descriptor)
            if !good.isEmpty { onResume(good.count) }
            self.file = file
        } else {
            file = nil
        }
        guard let archive = archive_write_new() else { throw .file(path: path ?? "-", reason: "out of memory") }
        self.archive = archive
        archive_write_set_format_pax_restricted(archive)
        archive_write_add_filter_none(archive)
        // No blocks: what is written must be where it belongs when the next one begins.
        archive_write_set_bytes_per_block(archive, 0)
        guard archive_write_open_fd(archive, descriptor) == ARCHIVE_OK else { throw failure() }
        if !hasLayout { try add("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)) }
    }

    deinit { archive_write_free(archive) }

    private static func partial(_ path: String) -> String { path + ".partial" }

    /// The blobs of a partial file that are as they should be, up to the first that is not.
    private static func goodPart(_ path: String) throws(BundleError) -> ([Digest: Int64], end: Int64, hasLayout: Bool) {
        let known: BundleArchive
        do { known = try BundleArchive(path, isPartial: true) } catch {
            // Not ours, or beyond use.
            return ([:], 0, false)
        }
        guard let layout = known.layout, layout.offset <= 2_048 else { return ([:], 0, false) }
        var good: [Digest: Int64] = [:]
        var end = layout.end
        for (digest, entry) in known.blobs.sorted(by: { $0.value.offset < $1.value.offset }) {
            guard try known.isIntact(digest) else { break }
            good[digest] = entry.size
            end = entry.end
        }
        return (good, end, true)
    }

    private func failure() -> BundleError {
        .file(
            path: path ?? "standard output",
            reason: archive_error_string(archive).map { String(cString: $0) } ?? "cannot be written")
    }

    // MARK: Content

    /// Adds a blob whose bytes are in memory, unless it is there.
    func add(_ digest: Digest, _ bytes: [UInt8]) throws(BundleError) {
        guard written.updateValue(Int64(bytes.count), forKey: digest) == nil else { return }
        try add("blobs/\(digest.algorithm.rawValue)/\(digest.hex)", bytes)
        self.bytes += Int64(bytes.count)
    }

    /// Begins a blob; its bytes follow by `write`, all of them, then `end`.
    func begin(_ digest: Digest, size: Int64) throws(BundleError) {
        begun = (digest, size)
        try begin("blobs/\(digest.algorithm.rawValue)/\(digest.hex)", size)
    }

    func write(_ chunk: [UInt8]) throws(BundleError) {
        try put(chunk)
        bytes += Int64(chunk.count)
    }

    func end() throws(BundleError) {
        guard archive_write_finish_entry(archive) == ARCHIVE_OK else { throw failure() }
        if let begun { written[begun.digest] = begun.size }
        begun = nil
    }

    /// Ends the archive with its index. Only now the file gets its name.
    func finish(index: [UInt8]) throws(BundleError) {
        try add("index.json", index)
        guard archive_write_close(archive) == ARCHIVE_OK else { throw failure() }
        guard let file, let path else { return }
        try file.sync()
        try ArchiveFile.move(Self.partial(path), to: path)
    }

    /// Removes what was written, where that is nothing of use.
    func discardIfEmpty() {
        if let path, written.isEmpty { unlink(Self.partial(path)) }
    }

    private func add(_ name: String, _ bytes: [UInt8]) throws(BundleError) {
        try begin(name, Int64(bytes.count))
        try put(bytes)
        guard archive_write_finish_entry(archive) == ARCHIVE_OK else { throw failure() }
    }

    private func begin(_ name: String, _ size: Int64) throws(BundleError) {
        guard let header = archive_entry_new() else { throw failure() }
        defer { archive_entry_free(header) }
        archive_entry_set_pathname(header, name)
        archive_entry_set_size(header, size)
        archive_entry_set_filetype(header, 0o100000)
        archive_entry_set_perm(header, 0o644)
        archive_entry_set_mtime(header, 0, 0)
        guard archive_write_header(archive, header) == ARCHIVE_OK else { throw failure() }
    }

    private func put(_ bytes: [UInt8]) throws(BundleError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { memory in
                archive_write_data(archive, memory.baseAddress.map { $0 + done }, memory.count - done)
            }
            guard count > 0 else { throw failure() }
            done += count
        }
    }
}
