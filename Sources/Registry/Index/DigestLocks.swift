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
        await lock(digest)
        defer { unlock(digest) }
        return try await body()
    }

    /// Runs `body` while nobody else holds any of the digests. Holders of one wait for no other, and those of many take them
    /// in the same order: nobody waits in a circle.
    public func withLocks<Result: Sendable>(
        _ digests: some Sequence<Digest>, _ body: () async throws -> Result
    ) async throws -> Result {
        let ordered = Set(digests).sorted()
        for digest in ordered { await lock(digest) }
        defer { for digest in ordered { unlock(digest) } }
        return try await body()
    }

    private func lock(_ digest: Digest) async {
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
