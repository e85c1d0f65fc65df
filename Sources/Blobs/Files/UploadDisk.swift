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
    let journal: UploadJournal
    /// Bytes; nil for no bound (spec/registry.md 5.2, W-5).
    private let limit: Int64?
    private let staged = Atomic<Int64>(0)

    /// Reads which uploads there are, counts their bytes, and removes those that belong to none: of requests that were
    /// to finish what they began.
    init(_ layout: BlobLayout, limit: Int64?, holders: @escaping UploadInfo.Holders) throws(BlobError) {
        self.layout = layout
        self.limit = limit
        journal = try UploadJournal(layout, holders: holders)
        for name in try Disk.names(in: layout.uploads) where name.hasSuffix(BlobLayout.dataSuffix) {
            let path = layout.uploads + "/" + name
            if let id = UploadID(String(name.dropLast(BlobLayout.dataSuffix.count))), journal.entry(id) != nil {
                staged.wrappingAdd(try Disk.entry(path)?.size ?? 0, ordering: .relaxed)
            } else {
                try Disk.remove(path)
            }
        }
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

    /// - Throws: `.tooManyStagedBytes`
    func requireRoom(for count: Int64) throws(BlobError) {
        guard let limit else { return }
        let (total, isTooMuch) = stagedBytes.addingReportingOverflow(count)
        if isTooMuch || total > limit { throw .tooManyStagedBytes }
    }

    func free(_ count: Int64) { staged.wrappingSubtract(count, ordering: .relaxed) }

    /// Seconds since 1970.
    static var now: Int64 { Int64(time(nil)) }

    /// - Returns: nil where there is no such upload.
    func status(of id: UploadID) throws(BlobError) -> UploadStatus? {
        guard let entry = journal.entry(id) else { return nil }
        let data = try Disk.entry(layout.data(id))
        return UploadStatus(
            id: id, info: entry.info, offset: data?.size ?? 0, startedAt: entry.startedAt,
            lastActivity: max(entry.startedAt, data?.modified ?? 0), isClaimed: false)
    }
}
