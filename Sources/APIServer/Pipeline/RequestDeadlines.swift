import APIMachinery
import Store
import Synchronization

/// Bounds the time of requests, with one timer for all of them.
///
/// A task and a timer for each request would be a good part of what a small write costs.
final class RequestDeadlines: Sendable {
    /// A request under way. Its task exists as long as it is in the table, and is cancelled under the table's lock.
    private struct Request: @unchecked Sendable {
        let task: UnsafeCurrentTask
        let deadline: ContinuousClock.Instant
    }

    private struct State {
        var requests: [UInt64: Request] = [:]
        var lastNumber: UInt64 = 0
    }

    private let state = Mutex(State())
    private let timer = DeadlineTimer()

    init() {
        timer.add { [weak self] now in self?.expire(now) }
    }

    /// Runs `body` in the present task, which is cancelled when the time is over.
    ///
    /// - Throws: the 504 of spec/api-machinery.md 2.11 when `body` does not end in time.
    func run(_ limit: Duration, _ body: () async throws -> ServerResponse) async throws -> ServerResponse {
        try await withUnsafeCurrentTask { task in
            guard let task else { return try await body() }
            let number = begin(task, deadline: .now + limit)
            do {
                let response = try await body()
                guard end(number) else { throw Self.timeout }
                return response
            } catch {
                throw end(number) ? error : Self.timeout
            }
        }
    }

    private static var timeout: APIError { .timeout("request did not complete within the allotted timeout") }

    private func begin(_ task: UnsafeCurrentTask, deadline: ContinuousClock.Instant) -> UInt64 {
        let request = Request(task: task, deadline: deadline)
        let number = state.withLock { state in
            state.lastNumber += 1
            state.requests[state.lastNumber] = request
            return state.lastNumber
        }
        timer.arm(deadline)
        return number
    }

    /// - Returns: whether the request was in time.
    private func end(_ number: UInt64) -> Bool {
        state.withLock { $0.requests.removeValue(forKey: number) != nil }
    }

    /// Cancels what is due.
    /// - Returns: the next deadline.
    private func expire(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        state.withLock { state in
            for (number, request) in state.requests where request.deadline <= now {
                request.task.cancel()
                state.requests[number] = nil
            }
            return state.requests.values.map(\.deadline).min()
        }
    }
}
