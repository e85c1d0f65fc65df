import CArchive
public import OCI

/// An OCI image layout in a tar file: which blobs it has and where. Nothing is ever unpacked, and nothing in it is trusted:
/// bytes are read in place and hashed.
public struct BundleArchive: Sendable {
    /// The bytes of a file of the archive.
    struct Entry: Hashable, Sendable {
        /// Of the first byte in the archive.
        var offset: Int64
        var size: Int64
        /// Where the next one begins.
        var end: Int64 { offset + (size + 511) / 512 * 512 }
    }

    /// What an archive may have.
    public struct Limits: Sendable {
        public var entries = 1_000_000
        /// Bytes of `index.json`.
        public var index = 32 << 20
        /// Bytes of one manifest, or one document of a bundle.
        public var document = 16 << 20

        public init() {}
    }

    let file: ArchiveFile
    let limits: Limits
    private(set) var blobs: [Digest: Entry] = [:]
    private(set) var layout: Entry?
    private(set) var index: Entry?
    /// Where the last whole file ends.
    private(set) var end: Int64 = 0

    /// Finds out what is in an archive, reading no more than its headers.
    ///
    /// - Parameter isPartial: it may break off; what is whole counts.
    /// - Throws: `.file`, `.damaged`, `.hostile`, `.tooLarge`.
    public init(_ path: String, limits: Limits = Limits(), isPartial: Bool = false) throws(BundleError) {
        self.limits = limits
        file = try ArchiveFile.open(path)
        try scan(try file.size(), isPartial: isPartial)
        guard !isPartial else { return }
        guard layout != nil, index != nil else {
            throw .damaged(
                reason: "\(layout == nil ? "oci-layout" : "index.json") is missing: it is no OCI image layout")
        }
    }

    private mutating func scan(_ size: Int64, isPartial: Bool) throws(BundleError) {
        // No filters: what is compressed is refused, because it could not be read in place, and may be of any size.
        guard let archive = archive_read_new() else { throw .damaged(reason: "out of memory") }
        defer { archive_read_free(archive) }
        archive_read_support_format_tar(archive)
        guard archive_read_open_fd(archive, file.descriptor, 64 << 10) == ARCHIVE_OK else {
            throw .damaged(reason: "\(Self.message(archive)); it must be a tar file, not compressed")
        }
        var count = 0
        while true {
            var header: OpaquePointer?
            let status = archive_read_next_header(archive, &header)
            if status == ARCHIVE_EOF { return }
            guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let header else {
                if isPartial { return }
                throw .damaged(reason: "\(Self.message(archive)); it must be a tar file, not compressed")
            }
            count += 1
            guard count <= limits.entries else { throw .tooLarge(reason: "it has more than \(limits.entries) files") }
            let entry = Entry(offset: archive_filter_bytes(archive, 0), size: archive_entry_size(header))
            let name = try Self.name(header)
            guard entry.size >= 0, entry.size <= size - entry.offset else {
                if isPartial { return }
                throw .damaged(reason: "\(name) breaks off")
            }
            try add(entry, name, header)
            end = entry.end
        }
    }

    private static func message(_ archive: OpaquePointer) -> String {
        archive_error_string(archive).map { String(cString: $0) } ?? "it cannot be read"
    }

    /// The path in the archive, without `./` before and `/` behind it.
    private static func name(_ header: OpaquePointer) throws(BundleError) -> String {
        guard let text = archive_entry_pathname(header), let path = String(validatingCString: text) else {
            throw .hostile(reason: "a file has no name, or one that is no text")
        }
        guard path.utf8.count <= 4_096 else { throw .hostile(reason: "a path has more than 4096 bytes") }
        guard !path.hasPrefix("/") else { throw .hostile(reason: "the path \(path) is absolute") }
        let parts = path.split(separator: "/").filter { $0 != "." }
        guard !parts.contains("..") else { throw .hostile(reason: "the path \(path) leads out of it") }
        return parts.joined(separator: "/")
    }

    private mutating func add(_ entry: Entry, _ name: String, _ header: OpaquePointer) throws(BundleError) {
        guard archive_entry_hardlink(header) == nil, archive_entry_symlink(header) == nil else {
            throw .hostile(reason: "\(name) is a link")
        }
        let type = archive_entry_filetype(header)
        if UInt32(type) == Self.directoryType { return }
        guard UInt32(type) == Self.fileType else { throw .hostile(reason: "\(name) is no file") }
        guard archive_entry_sparse_count(header) == 0 else { throw .hostile(reason: "\(name) has holes") }
        switch name {
        case "oci-layout": try Self.set(&layout, entry, name)
        case "index.json": try Self.set(&index, entry, name)
        default:
            let parts = name.split(separator: "/")
            // Other programs put files of their own beside the layout.
            guard parts.first == "blobs" else { return }
            guard parts.count == 3, let digest = Digest("\(parts[1]):\(parts[2])") else {
                throw .hostile(reason: "\(name) is no blob")
            }
            guard blobs.updateValue(entry, forKey: digest) == nil else {
                throw .hostile(reason: "\(name) is there twice")
            }
        }
    }

    private static func set(_ place: inout Entry?, _ entry: Entry, _ name: String) throws(BundleError) {
        guard place == nil else { throw .hostile(reason: "\(name) is there twice") }
        place = entry
    }

    // S_IFREG and S_IFDIR of the archive's own, which no platform changes.
    private static let fileType: UInt32 = 0o100000
    private static let directoryType: UInt32 = 0o040000

    // MARK: Bytes

    /// Whether it has a blob. Its bytes may be wrong.
    public func has(_ digest: Digest) -> Bool { blobs[digest] != nil }

    public func size(of digest: Digest) -> Int64? { blobs[digest]?.size }

    /// Some bytes of a blob.
    func read(_ digest: Digest, _ range: Range<Int64>) throws(BundleError) -> [UInt8] {
        guard let entry = blobs[digest] else { throw .missing(digest, of: file.path) }
        let range = range.clamped(to: 0..<entry.size)
        return try file.read(at: entry.offset + range.lowerBound, count: range.count)
    }

    /// All bytes of a small blob, verified.
    func document(_ digest: Digest, of what: String) throws(BundleError) -> [UInt8] {
        guard let entry = blobs[digest] else { throw .missing(digest, of: what) }
        guard entry.size <= Int64(limits.document) else {
            throw .tooLarge(reason: "\(digest) of \(what) has more than \(limits.document) bytes")
        }
        let bytes = try file.read(at: entry.offset, count: Int(entry.size))
        let actual = Digest.compute(digest.algorithm, of: bytes)
        guard actual == digest else { throw .digestMismatch(expected: digest, actual: actual) }
        return bytes
    }

    /// Reads all bytes of a blob, and says whether they are its own.
    func isIntact(_ digest: Digest) throws(BundleError) -> Bool { try hash(digest) == digest }

    /// - Throws: `.digestMismatch`.
    func verify(_ digest: Digest) throws(BundleError) {
        let actual = try hash(digest)
        guard actual == digest else { throw .digestMismatch(expected: digest, actual: actual) }
    }

    private func hash(_ digest: Digest) throws(BundleError) -> Digest {
        guard let entry = blobs[digest] else { throw .missing(digest, of: file.path) }
        var hasher = DigestHasher(digest.algorithm)
        var offset: Int64 = 0
        while offset < entry.size {
            let bytes = try file.read(
                at: entry.offset + offset, count: Int(min(Self.step, entry.size - offset)))
            hasher.update(bytes)
            offset += Int64(bytes.count)
        }
        return hasher.finalize()
    }

    /// Bytes that are read at a time.
    static let step: Int64 = 1 << 20

    /// The bytes of `index.json` and `oci-layout`.
    func head() throws(BundleError) -> (layout: [UInt8], index: [UInt8]) {
        guard let layout, let index else { throw .damaged(reason: "it is no OCI image layout") }
        guard layout.size <= 4_096 else { throw .tooLarge(reason: "oci-layout has more than 4096 bytes") }
        guard index.size <= Int64(limits.index) else {
            throw .tooLarge(reason: "index.json has more than \(limits.index) bytes")
        }
        return (
            try file.read(at: layout.offset, count: Int(layout.size)),
            try file.read(at: index.offset, count: Int(index.size))
        )
    }
}
