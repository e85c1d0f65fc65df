import Dispatch
import Synchronization

/// Checks passwords on threads of its own, a few at a time: a check takes a good part of a second, and nothing else may
/// wait for it.
final class PasswordWorkers: Sendable {
    /// So many checks wait already that another one would wait for too long.
    struct Busy: Error {}

    private struct State {
        var running = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let queue = DispatchQueue(label: "passwords", attributes: .concurrent)
    private let maximumRunning: Int
    private let maximumWaiting: Int
    private let state = Mutex(State())

    init(maximumRunning: Int, maximumWaiting: Int = 32) {
        self.maximumRunning = max(1, maximumRunning)
        self.maximumWaiting = maximumWaiting
    }

    /// - Throws: `Busy`.
    func run<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async throws -> Result {
        try await enter()
        defer { leave() }
        return await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: work()) }
        }
    }

    private func enter() async throws {
        enum Place { case free, none, queue }
        var place = Place.queue
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            place = state.withLock { state in
                if state.running < maximumRunning {
                    state.running += 1
                    return .free
                }
                guard state.waiting.count < maximumWaiting else { return .none }
                state.waiting.append(continuation)
                return .queue
            }
            if place != .queue { continuation.resume() }
        }
        if place == .none { throw Busy() }
    }

    /// The place goes to whoever has waited longest.
    private func leave() {
        let next: CheckedContinuation<Void, Never>? = state.withLock { state in
            if state.waiting.isEmpty {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
