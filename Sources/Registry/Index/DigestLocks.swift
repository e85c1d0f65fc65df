import OCI
import Synchronization

/// Lets one task at a time work on the bytes and the row of a blob together: publishing a blob and removing it never meet
/// half-way (spec/registry.md GC-7).
public final class DigestLocks: Sendable {
    private let waiters = Mutex<[Digest: [CheckedContinuation<Void, Never>]]>([:])

    public init() {}

    /// Runs `body` while nobody else holds the digest. In the order of arrival.
    public func withLock<Result: Sendable, Failure: Error>(
        _ digest: Digest, _ body: () async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        await withCheckedContinuation { continuation in
            let isFree = waiters.withLock { waiters in
                if waiters[digest] != nil {
                    waiters[digest]?.append(continuation)
                    return false
                }
                waiters[digest] = []
                return true
            }
            if isFree { continuation.resume() }
        }
        defer { unlock(digest) }
        return try await body()
    }

    private func unlock(_ digest: Digest) {
        let next = waiters.withLock { waiters -> CheckedContinuation<Void, Never>? in
            guard var queue = waiters[digest], !queue.isEmpty else {
                waiters[digest] = nil
                return nil
            }
            let first = queue.removeFirst()
            waiters[digest] = queue
            return first
        }
        next?.resume()
    }
}
