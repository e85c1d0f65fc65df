import Dispatch
import Synchronization

/// One timer for many deadlines: waiting costs no task and no timer of its own.
///
/// It sleeps until the earliest deadline it was told of and then asks every sweep to expire what is due.
package final class DeadlineTimer: Sendable {
    /// Expires what is due and returns the next deadline, if there is one.
    package typealias Sweep = @Sendable (ContinuousClock.Instant) -> ContinuousClock.Instant?

    private struct State {
        var sweeps: [Sweep] = []
        var armed: ContinuousClock.Instant?
    }

    /// Deadlines this close are served together.
    private static let granularity = Duration.milliseconds(5)

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "deadlines")

    package init() {}

    package func add(_ sweep: @escaping Sweep) {
        state.withLock { $0.sweeps.append(sweep) }
    }

    /// Makes sure that a sweep happens soon after `deadline`.
    package func arm(_ deadline: ContinuousClock.Instant) {
        let isEarlier = state.withLock { state in
            if let armed = state.armed, armed <= deadline { return false }
            state.armed = deadline
            return true
        }
        guard isEarlier else { return }
        let wait = max(.zero, ContinuousClock.now.duration(to: deadline)) + Self.granularity
        let (seconds, attoseconds) = wait.components
        // A day is enough: an early sweep finds nothing due and arms again.
        let nanoseconds = min(seconds, 86_400) * 1_000_000_000 + attoseconds / 1_000_000_000
        queue.asyncAfter(deadline: .now() + .nanoseconds(Int(nanoseconds))) { [weak self] in
            self?.fire(deadline)
        }
    }

    private func fire(_ deadline: ContinuousClock.Instant) {
        let sweeps: [Sweep]? = state.withLock { state in
            // An earlier deadline came after this one was armed; that sweep arms again for the rest.
            guard state.armed == deadline else { return nil }
            state.armed = nil
            return state.sweeps
        }
        guard let sweeps else { return }
        let now = ContinuousClock.now
        for next in sweeps.compactMap({ $0(now) }) { arm(next) }
    }
}
