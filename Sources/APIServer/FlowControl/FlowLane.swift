import Synchronization

/// A bounded number of places, and those who wait for one.
package final class FlowLane: Sendable {
    package typealias Rejected = FlowControl.Rejected

    /// What is going on, in numbers.
    struct Figures {
        var executing = 0
        /// At work without a place.
        var exempt = 0
        var waiting = 0
        var rejected: [Rejected.Reason: Int] = [:]
    }

    private typealias Waiter = CheckedContinuation<Rejected.Reason?, Never>

    private struct State {
        /// Somebody waits only while all places are taken.
        var executing = 0
        var exempt = 0
        var queue: FairQueue<Waiter>
        var rejected: [Rejected.Reason: Int] = [:]
        var lastID: UInt64 = 0

        func hasPlace(of places: Int) -> Bool { places == 0 || executing < places }
    }

    private let places: Int
    private let state: Mutex<State>

    package init(places: Int, _ patience: FlowControl.Patience) {
        self.places = places
        state = Mutex(
            State(queue: FairQueue(maximumPerFlow: patience.maximumPerFlow, maximum: patience.maximum)))
    }

    /// Takes a place if there is one; whoever is exempt needs none.
    package func enter(isExempt: Bool) -> Bool {
        state.withLock { state in
            if isExempt {
                state.exempt += 1
            } else if state.hasPlace(of: places) {
                state.executing += 1
            } else {
                return false
            }
            return true
        }
    }

    /// Waits for a place.
    package func wait(flow: String, patience: Duration) async throws(Rejected) {
        let id: UInt64? = state.withLock { state in
            guard state.queue.hasRoom(for: flow) else { return nil }
            state.lastID += 1
            return state.lastID
        }
        let reason: Rejected.Reason?
        if let id {
            let deadline = ContinuousClock.now + patience
            let timer = Task {
                try await Task.sleep(until: deadline, clock: .continuous)
                self.giveUp(id, .timeOut)
            }
            reason = await withTaskCancellationHandler {
                await withCheckedContinuation { enqueue($0, id, flow, until: deadline) }
            } onCancel: {
                giveUp(id, .cancelled)
            }
            timer.cancel()
        } else {
            reason = .queueFull
        }
        guard let reason else { return }
        state.withLock { $0.rejected[reason, default: 0] += 1 }
        throw Rejected(reason: reason)
    }

    private func enqueue(_ waiter: Waiter, _ id: UInt64, _ flow: String, until deadline: ContinuousClock.Instant) {
        // The outer optional: answered at once. The inner one: why there is no place.
        let answer: Rejected.Reason?? = state.withLock { state in
            // Whoever cancels takes this lock after the task is marked, and the timer after the deadline: no request
            // is left waiting.
            if Task.isCancelled { return .some(.cancelled) }
            if ContinuousClock.now >= deadline { return .some(.timeOut) }
            if state.hasPlace(of: places) {
                state.executing += 1
                return .some(nil)
            }
            return state.queue.append(waiter, id: id, flow: flow) ? nil : .some(.queueFull)
        }
        if let answer { waiter.resume(returning: answer) }
    }

    private func giveUp(_ id: UInt64, _ reason: Rejected.Reason) {
        state.withLock { $0.queue.remove(id) }?.resume(returning: reason)
    }

    /// Gives a place back: to the next who waits, if there is one.
    package func release(isExempt: Bool) {
        let next: Waiter? = state.withLock { state in
            if isExempt {
                state.exempt -= 1
                return nil
            }
            if let next = state.queue.popNext() { return next }
            state.executing -= 1
            return nil
        }
        next?.resume(returning: nil)
    }

    var figures: Figures {
        state.withLock { state in
            Figures(
                executing: state.executing, exempt: state.exempt, waiting: state.queue.count, rejected: state.rejected)
        }
    }
}
