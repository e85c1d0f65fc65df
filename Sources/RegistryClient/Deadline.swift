/// Runs `operation` for at most `limit`; nil when the time is over. The operation is cancelled then and has ended
/// when this returns, so it must obey cancellation.
package func withDeadline<Value: Sendable>(
    _ limit: Duration, operation: @escaping @Sendable () async -> Value
) async -> Value? {
    await withTaskGroup(of: Value?.self) { group in
        group.addTask { await operation() }
        group.addTask {
            try? await Task.sleep(for: limit)
            return nil
        }
        let first = await group.next() ?? nil
        group.cancelAll()
        // When the caller is cancelled the sleep ends early; the operation then tells why it failed.
        if first == nil, Task.isCancelled { return await group.next() ?? nil }
        return first
    }
}
