import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What all uploads of a store share: where they are, and how much room they take.
final class UploadDisk: Sendable {
    let layout: BlobLayout
    /// Bytes; nil for no bound (spec/registry.md 5.2, W-5).
    private let limit: Int64?
    private let staged = Atomic<Int64>(0)

    init(_ layout: BlobLayout, limit: Int64?) {
        self.layout = layout
        self.limit = limit
    }

    /// Bytes of all unfinished uploads.
    var stagedBytes: Int64 { staged.load(ordering: .relaxed) }

    /// - Throws: `.tooManyStagedBytes`
    func reserve(_ count: Int) throws(BlobError) {
        let total = staged.wrappingAdd(Int64(count), ordering: .relaxed).newValue
        guard let limit, total > limit else { return }
        free(Int64(count))
        throw .tooManyStagedBytes
    }

    func free(_ count: Int64) { staged.wrappingSubtract(count, ordering: .relaxed) }

    /// Seconds since 1970.
    static var now: Int64 { Int64(time(nil)) }

    /// Makes an upload known. Durable with its first bytes.
    func begin(_ id: UploadID, _ info: [UInt8]) throws(BlobError) {
        let target = Self.encode(info)
        try Disk.call("begin an upload") { Int(symlink(target, layout.link(id))) }
    }

    /// - Returns: nil where there is no such upload.
    func status(of id: UploadID) throws(BlobError) -> UploadStatus? {
        guard let entry = try Disk.entry(layout.link(id)), entry.kind == .symbolicLink,
            let target = try Disk.target(ofLink: layout.link(id)), let info = Self.decode(target)
        else { return nil }
        let data = try Disk.entry(layout.data(id))
        return UploadStatus(
            id: id, info: info, offset: data?.size ?? 0, startedAt: entry.modified,
            lastActivity: max(entry.modified, data?.modified ?? 0), isClaimed: false)
    }

    /// All uploads there are, in order.
    func ids(after id: UploadID? = nil) throws(BlobError) -> [UploadID] {
        try Disk.names(in: layout.uploads).compactMap { UploadID($0) }
            .filter { other in id.map { $0 < other } ?? true }.sorted()
    }

    /// Counts the bytes of the uploads there are, and removes bytes that belong to none: of requests that were to
    /// finish what they began.
    func recover() throws(BlobError) {
        let known = Set(try ids())
        for name in try Disk.names(in: layout.uploads) where name.hasSuffix(BlobLayout.dataSuffix) {
            let path = layout.uploads + "/" + name
            if let id = UploadID(String(name.dropLast(BlobLayout.dataSuffix.count))), known.contains(id) {
                staged.wrappingAdd(try Disk.entry(path)?.size ?? 0, ordering: .relaxed)
            } else {
                try Disk.remove(path)
            }
        }
    }

    // MARK: Information as the target of a link

    /// Base64 for URLs with a letter in front: a target must not be empty, nor contain zeros.
    private static func encode(_ info: [UInt8]) -> String {
        var text: [UInt8] = [UInt8(ascii: "i")]
        text.reserveCapacity(1 + info.count * 4 / 3 + 2)
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for byte in info {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(bits >> count & 63)])
            }
        }
        if count > 0 { text.append(alphabet[Int(bits << (6 - count) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }

    private static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard text.first == UInt8(ascii: "i") else { return nil }
        var info: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for byte in text.dropFirst() {
            guard let value = alphabet.firstIndex(of: byte) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                info.append(UInt8(truncatingIfNeeded: bits >> count))
            }
        }
        return info
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
}
