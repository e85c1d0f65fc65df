import OCI
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The bytes of an upload: a file, and the hashes of what is in it. All of it waits for the disk.
///
/// Only the request that has claimed the upload calls it, one call after the other; the lock is for whoever asks how
/// far it has come.
final class UploadSession: Sendable {
    /// A point in the upload's bytes that one can go back to.
    struct Mark: Sendable {
        var offset: Int64
        /// Nil where the bytes before were written by another process and have yet to be read.
        var hashes: UploadHashes?
    }

    private struct State {
        var file: BlobFile?
        var written: Mark
        /// What a client may rely on.
        var synced: Mark
        /// Up to where the disk was told to begin.
        var begun: Int64 = 0
        var lastActivity: Int64
        var isGone = false
    }

    let id: UploadID
    let info: [UInt8]
    /// Seconds since 1970.
    let startedAt: Int64
    /// It ends with the request that began it.
    let isTransient: Bool
    private let algorithm: Digest.Algorithm
    private let disk: UploadDisk
    private let state: Mutex<State>

    /// The disk is told to begin after so many bytes.
    private static let writebackSize: Int64 = 8 << 20

    /// - Parameter size: bytes that the upload's file has.
    init(
        _ id: UploadID, info: [UInt8], algorithm: Digest.Algorithm, isTransient: Bool, on disk: UploadDisk,
        size: Int64 = 0, startedAt: Int64 = UploadDisk.now, lastActivity: Int64 = UploadDisk.now
    ) {
        self.id = id
        self.info = info
        self.startedAt = startedAt
        self.isTransient = isTransient
        self.algorithm = algorithm
        self.disk = disk
        let mark = Mark(offset: size, hashes: size == 0 ? UploadHashes(algorithm) : nil)
        state = Mutex(State(written: mark, synced: mark, begun: size, lastActivity: lastActivity))
    }

    var status: UploadStatus {
        state.withLock { state in
            UploadStatus(
                id: id, info: info, offset: state.written.offset, startedAt: startedAt,
                lastActivity: state.lastActivity, isClaimed: false)
        }
    }
    var mark: Mark { state.withLock { $0.written } }
    /// The bytes are written and hashed as far as it goes, so that the next request has less to do.
    var isWorthKeeping: Bool {
        state.withLock { state in
            !state.isGone && state.written.hashes != nil && (state.written.offset > 0 || algorithm != .sha256)
        }
    }

    /// Appends bytes. After a failure the upload is where the last `sync` left it.
    func write(_ bytes: UnsafeRawBufferPointer) throws(BlobError) {
        guard !bytes.isEmpty else { return }
        try state.withLock { (state) throws(BlobError) in
            if state.isGone { throw .uploadUnknown }
            do throws(BlobError) {
                let file = try open(&state)
                try disk.reserve(bytes.count)
                do throws(BlobError) { try Disk.write(bytes, to: file, at: state.written.offset) } catch {
                    disk.free(Int64(bytes.count))
                    throw error
                }
                state.written.hashes?.update(bytes)
                state.written.offset += Int64(bytes.count)
                state.lastActivity = UploadDisk.now
                if state.written.offset - state.begun >= Self.writebackSize {
                    Disk.beginWriteback(file, from: state.begun, count: state.written.offset - state.begun)
                    state.begun = state.written.offset
                }
            } catch {
                goBack(&state, to: state.synced)
                throw error
            }
        }
    }

    /// The file with what was written so far, and how much that is.
    func content() throws(BlobError) -> (file: BlobFile, size: Int64) {
        try state.withLock { (state) throws(BlobError) in
            if state.isGone { throw .uploadUnknown }
            return (try open(&state), state.written.offset)
        }
    }

    /// The upload's file. What is in it is read again where another process has written it.
    private func open(_ state: inout State) throws(BlobError) -> BlobFile {
        let file: BlobFile
        if let present = state.file {
            file = present
        } else {
            file = try Disk.open(disk.layout.data(id), O_RDWR | O_CREAT)
            state.file = file
        }
        if state.written.hashes == nil {
            var hashes = UploadHashes(algorithm)
            let size = state.written.offset
            guard try hashes.update(with: file, upTo: size) == size else {
                throw .io(operation: "read an upload again", errno: EIO)
            }
            state.written.hashes = hashes
            if state.synced.offset == size { state.synced.hashes = hashes }
        }
        return file
    }

    private func goBack(_ state: inout State, to mark: Mark) {
        disk.free(state.written.offset - mark.offset)
        state.written = mark
        state.begun = min(state.begun, mark.offset)
        guard let file = state.file else { return }
        // What is beyond the mark is written over; where it cannot be cut off now, its room is taken a while longer.
        try? Disk.truncate(file, to: mark.offset)
    }

    /// Drops what comes after a mark, unless it was synced.
    func rollBack(to mark: Mark) {
        state.withLock { state in
            let mark = mark.offset < state.synced.offset ? state.synced : mark
            if state.written.offset > mark.offset { goBack(&state, to: mark) }
        }
    }

    /// Makes all bytes, and the upload itself, durable.
    func sync() throws(BlobError) {
        try state.withLock { (state) throws(BlobError) in
            if state.isGone { throw .uploadUnknown }
            guard state.written.offset > state.synced.offset else { return }
            let isFirst = state.synced.offset == 0
            do throws(BlobError) {
                try Disk.sync(try open(&state))
                if isFirst { try disk.journal.sync() }
            } catch {
                goBack(&state, to: state.synced)
                throw error
            }
            state.synced = state.written
        }
    }

    /// Ends the upload with a blob.
    func commit(as expected: Digest, on shelf: BlobShelf) throws(BlobError) -> StoredBlob {
        try state.withLock { (state) throws(BlobError) in
            if state.isGone { throw .uploadUnknown }
            let file = try open(&state)
            let size = state.written.offset
            let hashes = state.written.hashes ?? UploadHashes(algorithm)
            let digest = hashes.digest
            let actual: Digest
            if let known = hashes.digest(expected.algorithm) {
                actual = known
            } else {
                actual = try digestAgain(expected.algorithm, file, size)
            }
            guard actual == expected else {
                remove(&state)
                throw .digestMismatch(expected: expected, actual: actual)
            }
            if try shelf.size(of: digest) != size, state.synced.offset != size || size == 0 { try Disk.sync(file) }
            let isNew = try shelf.commit(disk.layout.data(id), as: digest, size: size)
            disk.free(size)
            end(&state)
            return StoredBlob(digest: digest, size: size, isNew: isNew)
        }
    }

    /// The digest of a finished upload in an algorithm that nobody had named before.
    private func digestAgain(
        _ algorithm: Digest.Algorithm, _ file: BlobFile, _ size: Int64
    ) throws(BlobError) -> Digest {
        var hashes = UploadHashes(algorithm)
        try hashes.update(with: file, upTo: size)
        return hashes.digest(algorithm) ?? hashes.digest
    }

    /// Drops the upload and its bytes.
    func remove() { state.withLock { remove(&$0) } }

    private func remove(_ state: inout State) {
        guard !state.isGone else { return }
        disk.free(state.written.offset)
        // What cannot be removed now is found when the store is opened again.
        _ = try? Disk.remove(disk.layout.data(id))
        end(&state)
    }

    private func end(_ state: inout State) {
        if !isTransient { disk.journal.end(id) }
        state.file = nil
        state.isGone = true
    }

    /// The request that had the upload is over. What is known of it takes little; an open file would be too much.
    func close() { state.withLock { $0.file = nil } }

    /// Its bytes, if there are any, would stay behind.
    var mustBeRemoved: Bool { isTransient && state.withLock { !$0.isGone } }
}
