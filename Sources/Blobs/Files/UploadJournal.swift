import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Which uploads there are, in one file: a line for each beginning and each end.
///
/// A file for each upload would have to be made and removed again, which costs more than the bytes of a small blob.
/// Lines that are not whole, as a crash may leave them, are passed over.
final class UploadJournal: Sendable {
    typealias Entry = UploadRoll.Entry

    private struct Writer {
        var file: BlobFile
        /// Bytes.
        var size: Int64
        var lines: Int
    }

    private let layout: BlobLayout
    private let index: Mutex<UploadRoll>
    private let writer: Mutex<Writer>
    private let shared = SharedSync()
    private let keepsOrder: Bool

    /// The file is written anew when it has so many lines, most of them of uploads that have ended.
    private static let manyLines = 8192

    /// Reads what there is.
    init(_ layout: BlobLayout, holders: @escaping UploadInfo.Holders) throws(BlobError) {
        self.layout = layout
        keepsOrder = Disk.keepsOrder(layout.root)
        let entries = try Self.read(layout.journal)
        index = Mutex(UploadRoll(entries, holders: holders))
        writer = Mutex(try Self.open(entries, layout))
    }

    /// A full disk must not keep a store from opening: then the file goes on as it is, after its last whole line.
    private static func open(_ entries: [UploadID: Entry], _ layout: BlobLayout) throws(BlobError) -> Writer {
        do throws(BlobError) { return try write(entries, layout) } catch {
            guard error == .full, let file = try Disk.openIfPresent(layout.journal, O_RDWR) else { throw error }
            let bytes = try Disk.contents(of: file)
            let size = (bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
            return Writer(file: file, size: Int64(size), lines: bytes.count { $0 == UInt8(ascii: "\n") })
        }
    }

    // MARK: Uploads

    func entry(_ id: UploadID) -> Entry? { index.withLock { $0[id] } }

    /// In order.
    func ids(after id: UploadID? = nil) -> [UploadID] {
        index.withLock { Array($0.entries.keys) }.filter { other in id.map { $0 < other } ?? true }.sorted()
    }

    func ids(of holder: String) -> Set<UploadID> { index.withLock { $0.ids(of: holder) } }

    /// Survives the end of the process, and after the next `sync` that of the machine.
    /// - Throws: `.tooManyUploads`, and what the disk throws.
    func begin(_ id: UploadID, _ entry: Entry, within bounds: [String: Int]) throws(BlobError) {
        try index.withLock { (roll) throws(BlobError) in try roll.insert(id, entry, within: bounds) }
        do throws(BlobError) { try append(Self.line(id, entry)) } catch {
            index.withLock { _ = $0.remove(id) }
            throw error
        }
    }

    func end(_ id: UploadID) {
        guard index.withLock({ $0.remove(id) }) else { return }
        // Where it cannot be written, the upload comes back empty after a restart, and is given up in the end.
        try? append("e \(id)\n")
        let count = index.withLock { $0.entries.count }
        writer.withLock { writer in
            guard writer.lines > max(Self.manyLines, 4 * count) else { return }
            // Under the lock of the writer: nothing is appended meanwhile. What began just now and has no line yet must
            // not get two, so the file is what counts.
            guard let entries = try? Self.read(layout.journal), let new = try? Self.write(entries, layout) else {
                return
            }
            writer = new
        }
    }

    /// Makes the uploads durable, and the names of the files with their bytes. The bytes have been before.
    func sync() throws(BlobError) {
        try shared { () throws(BlobError) in
            try Disk.sync(writer.withLock { $0.file })
            // A file that is durable had its name before.
            if !keepsOrder { try Disk.syncDirectory(layout.uploads) }
        }
    }

    // MARK: Lines

    private func append(_ line: String) throws(BlobError) {
        let line = Array(line.utf8)
        try writer.withLock { (writer) throws(BlobError) in
            do throws(BlobError) {
                try Disk.write(line, to: writer.file, at: writer.size)
            } catch {
                try? Disk.truncate(writer.file, to: writer.size)
                throw error
            }
            writer.size += Int64(line.count)
            writer.lines += 1
        }
    }

    private static func line(_ id: UploadID, _ entry: Entry) -> String {
        "b \(id) \(entry.startedAt) \(Hex.encode(entry.info)).\n"
    }

    private static func read(_ path: String) throws(BlobError) -> [UploadID: Entry] {
        var entries: [UploadID: Entry] = [:]
        guard let file = try Disk.openIfPresent(path, O_RDONLY) else { return entries }
        for line in try Disk.contents(of: file).split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            guard words.count > 1, let id = UploadID(String(decoding: words[1], as: UTF8.self)) else { continue }
            if words[0] == [UInt8(ascii: "e")], words.count == 2 { entries[id] = nil }
            guard words[0] == [UInt8(ascii: "b")], words.count == 4, words[3].last == UInt8(ascii: "."),
                let time = Int64(String(decoding: words[2], as: UTF8.self)), let info = Hex.decode(words[3].dropLast())
            else { continue }
            entries[id] = Entry(info: info, startedAt: time)
        }
        return entries
    }

    /// Puts a file with nothing but the present uploads in the place of the old one.
    private static func write(_ entries: [UploadID: Entry], _ layout: BlobLayout) throws(BlobError) -> Writer {
        let temporary = layout.journal + ".new"
        let file = try Disk.open(temporary, O_RDWR | O_CREAT | O_TRUNC)
        let text = entries.sorted { $0.key < $1.key }.flatMap { Array(line($0.key, $0.value).utf8) }
        try Disk.write(text, to: file, at: 0)
        try Disk.sync(file)
        try Disk.move(temporary, to: layout.journal)
        try Disk.syncDirectory(layout.uploads)
        return Writer(file: file, size: Int64(text.count), lines: entries.count)
    }
}

/// Bytes as hex digits.
private enum Hex {
    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            text.append(digit(byte >> 4))
            text.append(digit(byte & 15))
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        for index in stride(from: text.startIndex, to: text.endIndex, by: 2) {
            guard let high = value(text[index]), let low = value(text[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
