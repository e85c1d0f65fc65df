/// The waiting cursors of one cache, ordered by what can wake them.
///
/// A cursor waits in one bucket: the longest part of its range that ends with `/`, or one whole key. A change wakes the
/// buckets its key falls into, so watchers of other namespaces sleep on, and finding them does not depend on how many
/// there are. A bucket may be wider than the range; a cursor woken for nothing goes back to sleep.
struct WatchWaiters {
    enum Wake: Sendable {
        /// There may be events; none of the cursor's range up to this revision.
        case events(after: Int64)
        /// The deadline passed or the task was cancelled; no events of the range up to this revision.
        case quiet(through: Int64)
        case ended
    }

    struct Waiter {
        let continuation: CheckedContinuation<Wake, Never>
        let deadline: ContinuousClock.Instant?
    }

    struct Woken {
        let continuation: CheckedContinuation<Wake, Never>
        let wake: Wake

        func resume() { continuation.resume(returning: wake) }
    }

    private var buckets: [StoreKey: [UInt64: Waiter]] = [:]
    private var bucketOf: [UInt64: StoreKey] = [:]

    var isEmpty: Bool { bucketOf.isEmpty }

    mutating func add(_ id: UInt64, _ waiter: Waiter, in bucket: StoreKey) {
        buckets[bucket, default: [:]][id] = waiter
        bucketOf[id] = bucket
    }

    /// Wakes one cursor, if it waits.
    mutating func remove(_ id: UInt64, _ wake: Wake) -> Woken? {
        guard let bucket = bucketOf.removeValue(forKey: id) else { return nil }
        guard let waiter = buckets[bucket]?.removeValue(forKey: id) else { return nil }
        if buckets[bucket]?.isEmpty == true { buckets[bucket] = nil }
        return Woken(continuation: waiter.continuation, wake: wake)
    }

    /// Wakes whoever may see a change of `key` at `revision`.
    mutating func wake(for key: String, at revision: Int64, _ woken: inout [Woken]) {
        guard !isEmpty else { return }
        wake(StoreKey(""), at: revision, &woken)
        wake(StoreKey(key), at: revision, &woken)
        let bytes = key.utf8
        for index in bytes.indices.dropLast() where bytes[index] == UInt8(ascii: "/") && !isEmpty {
            wake(StoreKey(String(key[...index])), at: revision, &woken)
        }
    }

    private mutating func wake(_ bucket: StoreKey, at revision: Int64, _ woken: inout [Woken]) {
        guard let waiters = buckets.removeValue(forKey: bucket) else { return }
        for (id, waiter) in waiters {
            bucketOf[id] = nil
            woken.append(Woken(continuation: waiter.continuation, wake: .events(after: revision - 1)))
        }
    }

    /// Wakes everybody.
    mutating func removeAll(_ wake: Wake) -> [Woken] {
        defer { self = WatchWaiters() }
        return buckets.values.flatMap { waiters in
            waiters.values.map { Woken(continuation: $0.continuation, wake: wake) }
        }
    }

    /// Wakes those whose deadline has passed.
    /// - Returns: them, and the next deadline.
    mutating func expire(
        _ now: ContinuousClock.Instant, quietThrough revision: Int64
    ) -> (woken: [Woken], next: ContinuousClock.Instant?) {
        var next: ContinuousClock.Instant?
        var late: [UInt64] = []
        for waiters in buckets.values {
            for (id, waiter) in waiters {
                guard let deadline = waiter.deadline else { continue }
                if deadline <= now {
                    late.append(id)
                } else if next.map({ deadline < $0 }) ?? true {
                    next = deadline
                }
            }
        }
        return (late.compactMap { remove($0, .quiet(through: revision)) }, next)
    }

    /// The bucket for a range: the longest prefix with a final `/` that holds all of it.
    static func bucket(for range: KeyRange?) -> StoreKey {
        guard let range, let end = range.end else { return StoreKey("") }
        if range == .key(range.start) { return StoreKey(range.start) }
        let bytes = range.start.utf8
        for index in bytes.indices.reversed() where bytes[index] == UInt8(ascii: "/") {
            let prefix = String(range.start[...index])
            if let bound = KeyRange.prefix(prefix).end, !KeyOrder.precedes(bound, end) { return StoreKey(prefix) }
        }
        return StoreKey("")
    }
}
