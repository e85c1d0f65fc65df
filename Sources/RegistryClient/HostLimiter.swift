import Synchronization

/// Lets only so many operations at a time go to one registry host; the others wait their turn.
///
/// Shared by many clients, so that many small pieces of work cannot do what one large one may not. A class for that
/// reason.
public final class HostLimiter: Sendable {
    private struct Host {
        var running = 0
        var waiting: [(id: UInt64, continuation: CheckedContinuation<Bool, Never>)] = []
    }

    private struct State {
        var hosts: [String: Host] = [:]
        var nextID: UInt64 = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    public init(limit: Int) { self.limit = max(1, limit) }

    /// How many wait, by host.
    public var waiting: [String: Int] {
        state.withLock { $0.hosts.mapValues { $0.waiting.count }.filter { $0.value > 0 } }
    }

    /// Runs `operation` when there is room. A caller that is cancelled while it waits runs it at once: it will find
    /// itself cancelled, and say so in its own words.
    package func run<Value, Failure: Error>(
        _ host: String, _ operation: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let holdsSlot = await acquire(host)
        defer { if holdsSlot { release(host) } }
        return try await operation()
    }

    private func acquire(_ host: String) async -> Bool {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if Task.isCancelled { return false }
                    var entry = state.hosts[host] ?? Host()
                    defer { state.hosts[host] = entry }
                    guard entry.running >= limit else {
                        entry.running += 1
                        return true
                    }
                    entry.waiting.append((id, continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                guard let position = state.hosts[host]?.waiting.firstIndex(where: { $0.id == id }) else { return nil }
                return state.hosts[host]?.waiting.remove(at: position).continuation
            }
            waiter?.resume(returning: false)
        }
    }

    private func release(_ host: String) {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard var entry = state.hosts[host] else { return nil }
            guard entry.waiting.isEmpty else {
                let next = entry.waiting.removeFirst().continuation
                state.hosts[host] = entry
                return next
            }
            entry.running -= 1
            state.hosts[host] = entry.running > 0 ? entry : nil
            return nil
        }
        next?.resume(returning: true)
    }
}
