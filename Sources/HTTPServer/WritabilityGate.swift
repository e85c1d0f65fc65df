import NIOCore
import Synchronization

/// Where the source of an answer waits for a client that reads slowly.
final class WritabilityGate: Sendable {
    private struct State {
        var waiters: [CheckedContinuation<Void, any Error>] = []
        var blockedSince: NIODeadline?
        var isFailed = false
    }

    private let state = Mutex(State())

    /// Since when somebody waits; nil where nobody does.
    var blockedSince: NIODeadline? { state.withLock { $0.blockedSince } }

    /// - Throws: where the client is gone, or the task is cancelled.
    func wait() async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isWaiting = state.withLock { state in
                    guard !state.isFailed, !Task.isCancelled else { return false }
                    if state.waiters.isEmpty { state.blockedSince = .now() }
                    state.waiters.append(continuation)
                    return true
                }
                if !isWaiting { continuation.resume(throwing: ChannelError.ioOnClosedChannel) }
            }
        } onCancel: {
            for waiter in release() { waiter.resume(throwing: CancellationError()) }
        }
    }

    /// The client reads again.
    func open() {
        for waiter in release() { waiter.resume() }
    }

    /// There is no client any more.
    func fail() {
        state.withLock { $0.isFailed = true }
        for waiter in release() { waiter.resume(throwing: ChannelError.ioOnClosedChannel) }
    }

    private func release() -> [CheckedContinuation<Void, any Error>] {
        state.withLock { state in
            state.blockedSince = nil
            defer { state.waiters = [] }
            return state.waiters
        }
    }
}
