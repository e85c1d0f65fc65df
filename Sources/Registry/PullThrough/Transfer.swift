import Blobs
import Synchronization

/// One blob on its way from elsewhere: it is written down once, and everybody who wants it reads along
/// (spec/registry.md PT-6).
///
/// The last bytes are held back until the whole is known to be what its digest says: nobody gets a complete blob that is
/// not.
final class Transfer: Sendable {
    private struct State {
        var content: (any BlobContent)?
        /// How it ended: nil for a blob that is here now.
        var end: Result<Void, any Error>?
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    /// Bytes of the blob.
    let size: Int64
    private let state = Mutex(State())

    init(size: Int64) { self.size = size }

    // MARK: Writing

    /// More of it can be read.
    func advance(_ content: any BlobContent) {
        wake { $0.content = content }
    }

    /// It is complete and verified, or it will never be.
    func finish(_ result: Result<Void, any Error>) {
        wake { $0.end = result }
    }

    private func wake(_ change: (inout State) -> Void) {
        let waiters = state.withLock { state in
            change(&state)
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    // MARK: Reading

    /// Waits until some of it is here.
    /// - Throws: where it cannot be had.
    func begun() async throws {
        while true {
            let (content, end) = state.withLock { ($0.content, $0.end) }
            if case .failure(let error) = end { throw error }
            if end != nil || (content?.size ?? 0) > 0 { return }
            await wait(0)
            try Task.checkCancellation()
        }
    }

    /// Waits until all of it is here and verified.
    /// - Throws: where it cannot be had; `CancellationError`.
    func ended() async throws {
        while true {
            let (content, end) = state.withLock { ($0.content, $0.end) }
            if let end { return try end.get() }
            await wait(content?.size ?? 0)
            try Task.checkCancellation()
        }
    }

    /// The bytes from an offset on that can be had now; waits where there are none.
    /// - Returns: nil at the end.
    /// - Throws: where the blob cannot be had.
    func next(after offset: Int64, upTo limit: Int64) async throws -> [UInt8]? {
        while true {
            let (content, end) = state.withLock { ($0.content, $0.end) }
            if case .failure(let error) = end { throw error }
            let known = content?.size ?? 0
            // One byte is enough to show that the rest is missing.
            let readable = end == nil ? min(known, size - 1) : known
            if let content, offset < min(readable, limit) {
                let stop = min(readable, limit, offset + Int64(Self.pieceSize))
                return try await content.read(offset..<stop)
            }
            if end != nil { return nil }
            if offset >= limit { return nil }
            await wait(known)
            try Task.checkCancellation()
        }
    }

    private static let pieceSize = 256 << 10

    /// Waits until there is more than was known, or the task is cancelled.
    private func wait(_ known: Int64) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    guard !Task.isCancelled, state.end == nil, (state.content?.size ?? 0) == known else { return false }
                    state.waiters.append(continuation)
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            // The others look, and wait again.
            wake { _ in }
        }
    }
}
