import OCI
import Synchronization

/// An upload of ``FileBlobStore`` in the hands of a request: fills one buffer while another one is written and hashed.
final class FileUpload: BlobUpload {
    private struct Staging {
        var buffer = StagingBuffer()
        var spare: StagingBuffer?
        /// The buffer that a worker has.
        var pending: Task<Result<Void, BlobError>, Never>?
        /// Bytes that are in the buffers but not yet in the session.
        var offset: Int64
        var isReleased = false
    }

    private let session: UploadSession
    private let store: FileBlobStore
    private let start: UploadSession.Mark
    private let staging: Mutex<Staging>

    init(_ session: UploadSession, _ store: FileBlobStore) {
        self.session = session
        self.store = store
        start = session.mark
        staging = Mutex(Staging(offset: start.offset))
    }

    deinit {
        let (isReleased, pending) = staging.withLock { ($0.isReleased, $0.pending) }
        guard !isReleased else { return }
        let (session, store) = (session, store)
        Task {
            _ = await pending?.value
            await store.end(session)
        }
    }

    var id: UploadID { session.id }
    var info: [UInt8] { session.info }
    var offset: Int64 { staging.withLock { $0.offset } }

    // MARK: Bytes

    @discardableResult
    func append(upTo limit: Int64, from source: BlobSource) async throws -> Int64 {
        var count: Int64 = 0
        while try await source({ bytes in
            guard Int64(bytes.count) <= limit - count else { throw BlobError.tooLarge }
            count += Int64(bytes.count)
            staging.withLock { staging in
                staging.buffer.append(bytes)
                staging.offset += Int64(bytes.count)
            }
        }) {
            if staging.withLock({ $0.buffer.isWorthWriting }) { try await writeBehind() }
        }
        return count
    }

    /// Gives the full buffer to a worker, once it is done with the one before.
    private func writeBehind() async throws(BlobError) {
        try await settle()
        let buffer = staging.withLock { staging in
            let full = staging.buffer
            staging.buffer = staging.spare ?? StagingBuffer()
            staging.spare = full
            return full
        }
        let (session, workers) = (session, store.workers)
        let task = Task<Result<Void, BlobError>, Never> {
            do throws(BlobError) {
                try await workers.run { () throws(BlobError) in
                    defer { buffer.clear() }
                    try session.write(buffer.bytes)
                }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        staging.withLock { $0.pending = task }
    }

    /// Waits for the worker.
    private func settle() async throws(BlobError) {
        guard let pending = staging.withLock({ $0.pending.take() }) else { return }
        do { try await pending.value.get() } catch {
            forget()
            throw error
        }
    }

    /// Drops what has not been written.
    private func forget() {
        staging.withLock { staging in
            staging.buffer.clear()
            staging.offset = session.mark.offset
        }
    }

    /// Writes what is left and does something more with the session, in one go.
    private func finishWriting<Value: Sendable>(
        _ body: @escaping @Sendable (UploadSession) throws(BlobError) -> Value
    ) async throws(BlobError) -> Value {
        try await settle()
        let buffer = staging.withLock { $0.buffer }
        let session = session
        do {
            return try await store.workers.run { () throws(BlobError) in
                defer { buffer.clear() }
                try session.write(buffer.bytes)
                return try body(session)
            }
        } catch {
            forget()
            throw error
        }
    }

    func staged() async throws(BlobError) -> any BlobContent {
        let workers = store.workers
        return try await finishWriting { (session) throws(BlobError) -> FileContent in
            let (file, size) = try session.content()
            return FileContent(open: file, size: size, workers: workers)
        }
    }

    func rollBack() async throws(BlobError) {
        // What could not be written is gone anyway.
        try? await settle()
        let (session, start) = (session, start)
        try await store.workers.run { () throws(BlobError) in session.rollBack(to: start) }
        forget()
    }

    func sync() async throws(BlobError) {
        try await finishWriting { (session) throws(BlobError) in try session.sync() }
    }

    // MARK: The end

    func finish(as digest: Digest) async throws(BlobError) -> StoredBlob {
        let shelf = store.shelf
        let blob: StoredBlob
        do {
            blob = try await finishWriting { (session) throws(BlobError) in try session.commit(as: digest, on: shelf) }
        } catch {
            if case .digestMismatch = error { await release() }
            throw error
        }
        await release()
        return blob
    }

    func cancel() async throws(BlobError) {
        try? await settle()
        let session = session
        try await store.workers.run { () throws(BlobError) in session.remove() }
        await release()
    }

    func release() async {
        guard
            staging.withLock({ staging in
                defer { staging.isReleased = true }
                return !staging.isReleased
            })
        else { return }
        // A transient upload that was not finished is dropped anyway; so is what could not be written.
        try? await settle()
        if !session.isTransient, staging.withLock({ $0.buffer.count > 0 }) {
            try? await finishWriting { (_) throws(BlobError) in }
        }
        await store.end(session)
    }
}
