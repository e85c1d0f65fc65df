import Synchronization

/// Which uploads are in the hands of a request, and who waits for them.
final class UploadClaims: Sendable {
    private struct Waiter {
        var number: UInt64
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var waiters: [UploadID: [Waiter]] = [:]
        var lastNumber: UInt64 = 0
    }

    private let state = Mutex(State())

    func isClaimed(_ id: UploadID) -> Bool { state.withLock { $0.waiters[id] != nil } }

    /// - Returns: false where the time is over and somebody else still has it.
    func claim(_ id: UploadID, patience: Duration) async -> Bool {
        if tryClaim(id) { return true }
        guard patience > .zero else { return false }
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        let timer = Task { [weak self] in
            try await Task.sleep(for: patience)
            self?.giveUp(id, number)
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.waiters[id] != nil else {
                    state.waiters[id] = []
                    return true
                }
                state.waiters[id]?.append(Waiter(number: number, continuation: continuation))
                return false
            }
            if isFree { continuation.resume(returning: true) }
        }
    }

    private func tryClaim(_ id: UploadID) -> Bool {
        state.withLock { state in
            guard state.waiters[id] == nil else { return false }
            state.waiters[id] = []
            return true
        }
    }

    private func giveUp(_ id: UploadID, _ number: UInt64) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters[id]?.firstIndex(where: { $0.number == number }) else { return nil }
            return state.waiters[id]?.remove(at: index)
        }
        waiter?.continuation.resume(returning: false)
    }

    /// Hands the upload to the one who waits longest.
    func release(_ id: UploadID) {
        let next = state.withLock { state -> Waiter? in
            guard state.waiters[id]?.isEmpty == false else {
                state.waiters[id] = nil
                return nil
            }
            return state.waiters[id]?.removeFirst()
        }
        next?.continuation.resume(returning: true)
    }
}
