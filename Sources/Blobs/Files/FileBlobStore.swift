public import OCI
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Blobs in a directory, laid out as the reference does it (spec/registry.md 5.1).
public final class FileBlobStore: BlobStore {
    public struct Configuration: Sendable {
        /// The directory above `docker/registry/v2`.
        public var root: String
        /// Nothing is written, and another process may use the directory at the same time.
        public var isReadOnly = false
        /// Bytes of all unfinished uploads together; nil for as many as the disk takes (W-5).
        public var maximumStagedBytes: Int64?
        /// Who has an upload.
        public var holders: UploadInfo.Holders = { _ in [] }
        /// How many requests may wait for the disk at the same time.
        public var threads = 16

        public init(root: String) { self.root = root }
    }

    let workers: BlobWorkers
    let shelf: BlobShelf
    let layout: BlobLayout
    /// Nil where nothing may be written.
    private let disk: UploadDisk?
    private let lock: RootLock?
    private let claims = UploadClaims()
    /// Uploads whose hashes are known, in the hands of a request or not.
    private let sessions = Mutex<[UploadID: UploadSession]>([:])

    private init(_ configuration: Configuration, _ layout: BlobLayout, _ disk: UploadDisk?, _ lock: RootLock?) {
        workers = BlobWorkers(count: max(1, configuration.threads))
        shelf = BlobShelf(layout)
        self.layout = layout
        self.disk = disk
        self.lock = lock
    }

    /// Opens the store, and makes its directories where they are missing.
    ///
    /// - Throws: `.locked` where another one uses the directory; `.readOnly`, `.full` and `.io`.
    public static func open(_ configuration: Configuration) async throws(BlobError) -> FileBlobStore {
        let layout = BlobLayout(root: configuration.root)
        if configuration.isReadOnly { return FileBlobStore(configuration, layout, nil, nil) }
        let opening = BlobWorkers(count: 1)
        let parts: (lock: RootLock, disk: UploadDisk)
        do {
            parts = try await opening.run { () throws(BlobError) in
                for directory in [layout.blobs, layout.uploads, layout.trash] { try Disk.makeDirectories(directory) }
                let lock = try RootLock(layout)
                // A process that was killed may have given a blob its place and not have made that durable: who finds it
                // there relies on it.
                if !lock.wasReleased { try Disk.syncFileSystem(layout.base) }
                return (
                    lock,
                    try UploadDisk(layout, limit: configuration.maximumStagedBytes, holders: configuration.holders)
                )
            }
        } catch {
            await opening.shutdown()
            throw error
        }
        await opening.shutdown()
        return FileBlobStore(configuration, layout, parts.disk, parts.lock)
    }

    public func close() async {
        await workers.shutdown()
        lock?.release()
    }

    /// Bytes of all unfinished uploads.
    public var stagedBytes: Int64 { disk?.stagedBytes ?? 0 }

    private func writable() throws(BlobError) -> UploadDisk {
        guard let disk else { throw .readOnly }
        return disk
    }

    func requireWritable() throws(BlobError) { _ = try writable() }

    // MARK: Blobs

    public func content(of digest: Digest) async throws(BlobError) -> (any BlobContent)? {
        guard digest.algorithm == .sha256 else { return nil }
        let (path, workers) = (layout.data(digest), workers)
        return try await workers.run { () throws(BlobError) -> FileContent? in
            let file: BlobFile?
            do throws(BlobError) { file = try Disk.openIfPresent(path, O_RDONLY | O_NONBLOCK) } catch {
                // A symbolic link.
                if case .io(_, ELOOP) = error { throw .corrupt(digest) }
                throw error
            }
            guard let file else { return nil }
            let entry = try Disk.entry(file)
            guard entry.kind == .file, entry.size > 0 || digest == Self.empty else { throw .corrupt(digest) }
            return FileContent(open: file, size: entry.size, workers: workers)
        }
    }

    static let empty = Digest.sha256(of: [UInt8]())

    public func put(_ bytes: [UInt8]) async throws(BlobError) -> StoredBlob {
        let (disk, shelf) = (try writable(), shelf)
        return try await workers.run { () throws(BlobError) in
            let (digest, size) = (Digest.sha256(of: bytes), Int64(bytes.count))
            if try shelf.holds(digest, size: size) { return StoredBlob(digest: digest, size: size) }
            try disk.reserve(bytes.count)
            defer { disk.free(size) }
            let path = disk.layout.data(.random())
            do throws(BlobError) {
                let file = try Disk.open(path, O_WRONLY | O_CREAT | O_EXCL)
                try Disk.write(bytes, to: file, at: 0)
                try Disk.sync(file)
                return StoredBlob(
                    digest: digest, size: size, isNew: try shelf.commit(path, as: digest, size: size))
            } catch {
                _ = try? Disk.remove(path)
                throw error
            }
        }
    }

    public func blobs(after digest: Digest?, limit: Int) async throws(BlobError) -> [StoredBlob] {
        let shelf = shelf
        return try await workers.run { () throws(BlobError) in try shelf.blobs(after: digest, limit: limit) }
    }

    // MARK: Removal

    public func condemn(_ digest: Digest) async throws(BlobError) -> Bool {
        try await change { (shelf) throws(BlobError) in try shelf.condemn(digest) }
    }

    public func restore(_ digest: Digest) async throws(BlobError) -> Bool {
        try await change { (shelf) throws(BlobError) in try shelf.restore(digest) }
    }

    public func condemned(after digest: Digest?, limit: Int) async throws(BlobError) -> [Digest] {
        let shelf = shelf
        return try await workers.run { () throws(BlobError) in try shelf.trashed(after: digest, limit: limit) }
    }

    public func remove(_ digest: Digest) async throws(BlobError) -> Int64 {
        try await change { (shelf) throws(BlobError) in try shelf.remove(digest) }
    }

    public func discard(_ digests: [Digest]) async throws(BlobError) -> Int64 {
        try await change { (shelf) throws(BlobError) in
            var freed: Int64 = 0
            for digest in digests { freed += try shelf.discard(digest) }
            return freed
        }
    }

    public func quarantine(_ digest: Digest) async throws(BlobError) {
        try await change { (shelf) throws(BlobError) in try shelf.quarantine(digest) }
    }

    private func change<Value: Sendable>(
        _ body: @escaping @Sendable (BlobShelf) throws(BlobError) -> Value
    ) async throws(BlobError) -> Value {
        try requireWritable()
        let shelf = shelf
        return try await workers.run { () throws(BlobError) in try body(shelf) }
    }

    // MARK: Uploads

    public func beginUpload(
        _ info: [UInt8], hashing algorithm: Digest.Algorithm, within bounds: [String: Int]
    ) async throws(BlobError) -> UploadID {
        let disk = try writable()
        guard info.count <= UploadInfo.maximumBytes else { throw .infoTooLong }
        let id = UploadID.random()
        try await workers.run { () throws(BlobError) in
            try disk.journal.begin(id, .init(info: info, startedAt: UploadDisk.now), within: bounds)
        }
        // It has no bytes yet, so that nobody needs to look for them.
        let session = UploadSession(id, info: info, algorithm: algorithm, isTransient: false, on: disk)
        sessions.withLock { $0[id] = session }
        return id
    }

    public func stage(hashing algorithm: Digest.Algorithm) async throws(BlobError) -> any BlobUpload {
        FileUpload(
            UploadSession(
                .random(), info: [], algorithm: algorithm, isTransient: true, on: try writable()), self)
    }

    public func upload(_ id: UploadID, patience: Duration) async throws(BlobError) -> (any BlobUpload)? {
        let disk = try writable()
        if workers.isShutDown { throw .closed }
        guard await claims.claim(id, patience: patience) else { throw .busy }
        if let session = sessions.withLock({ $0[id] }) { return FileUpload(session, self) }
        let status: UploadStatus?
        do { status = try await workers.run { () throws(BlobError) in try disk.status(of: id) } } catch {
            claims.release(id)
            throw error
        }
        guard let status else {
            claims.release(id)
            return nil
        }
        let session = UploadSession(
            id, info: status.info, algorithm: .sha256, isTransient: false, on: disk, size: status.offset,
            startedAt: status.startedAt, lastActivity: status.lastActivity)
        sessions.withLock { $0[id] = session }
        return FileUpload(session, self)
    }

    /// A request is done with an upload.
    func end(_ session: UploadSession) async {
        session.close()
        if session.isTransient {
            // Where the store is closed, the next one to open it sees to it.
            if session.mustBeRemoved { try? await workers.run { () throws(BlobError) in session.remove() } }
            return
        }
        if !session.isWorthKeeping { sessions.withLock { $0[session.id] = nil } }
        claims.release(session.id)
    }

    public func status(of id: UploadID) async throws(BlobError) -> UploadStatus? {
        guard let disk else { return nil }
        var status = sessions.withLock { $0[id] }?.status
        if status == nil { status = try await workers.run { () throws(BlobError) in try disk.status(of: id) } }
        status?.isClaimed = claims.isClaimed(id)
        return status
    }

    public func uploads(after id: UploadID?, limit: Int) async throws(BlobError) -> [UploadStatus] {
        guard let disk else { return [] }
        return try await statuses(of: disk.journal.ids(after: id).prefix(limit))
    }

    public func uploads(of holder: String) async throws(BlobError) -> [UploadStatus] {
        guard let disk else { return [] }
        return try await statuses(of: disk.journal.ids(of: holder))
    }

    private func statuses(of ids: some Sequence<UploadID>) async throws(BlobError) -> [UploadStatus] {
        var found: [UploadStatus] = []
        for id in ids {
            if let status = try await status(of: id) { found.append(status) }
        }
        return found
    }

    // MARK: Room

    public func requireRoom(for bytes: Int64) throws(BlobError) { try writable().requireRoom(for: bytes) }

    public func space() async throws(BlobError) -> BlobSpace {
        let (path, isReadOnly) = (layout.root, disk == nil)
        return try await workers.run { () throws(BlobError) in
            var status = statvfs()
            try Disk.call("look at the file system") { Int(statvfs(path, &status)) }
            let unit = Int64(status.f_frsize)
            return BlobSpace(
                capacity: Int64(status.f_blocks) * unit, free: Int64(status.f_bavail) * unit,
                isReadOnly: isReadOnly || status.f_flag & UInt(ST_RDONLY) != 0)
        }
    }
}
