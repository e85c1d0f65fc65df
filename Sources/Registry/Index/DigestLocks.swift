import OCI
import Synchronization

/// Lets one task at a time work on the bytes and the row of a blob together: publishing a blob and removing it never meet
/// half-way (spec/registry.md GC-7).
public typealias DigestLocks = KeyedLocks<Digest>

/// Lets one task at a time work on what a key stands for.
public final class KeyedLocks<Key: Hashable & Comparable & Sendable>: Sendable {
    private let waiters = Mutex<[Key: [CheckedContinuation<Void, Never>]]>([:])

    public init() {}

    /// Runs `body` while nobody else holds the key. In the order of arrival.
    public func withLock<Result: Sendable, Failure: Error>(
        _ key: Key, _ body: () async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        await lock(key)
        defer { unlock(key) }
        return try await body()
    }

    /// Runs `body` while nobody else holds any of the keys. Holders of one wait for no other, and those of many take them
    /// in the same order: nobody waits in a circle.
    public func withLocks<Result: Sendable>(
        _ keys: some Sequence<Key>, _ body: () async throws -> Result
    ) async throws -> Result {
        let ordered = Set(keys).sorted()
        for key in ordered { await lock(key) }
        defer { for key in ordered { unlock(key) } }
        return try await body()
    }

    private func lock(_ key: Key) async {
        await withCheckedContinuation { continuation in
            let isFree = waiters.withLock { waiters in
                if waiters[key] != nil {
                    waiters[key]?.append(continuation)
                    return false
                }
                waiters[key] = []
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    private func unlock(_ key: Key) {
        let next = waiters.withLock { waiters -> CheckedContinuation<Void, Never>? in
            guard var queue = waiters[key], !queue.isEmpty else {
                waiters[key] = nil
                return nil
            }
            let first = queue.removeFirst()
            waiters[key] = queue
            return first
        }
        next?.resume()
    }
}
