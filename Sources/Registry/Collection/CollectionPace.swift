import Synchronization

/// Lets the collector rest as long as it worked while clients want something, so that they get most of the machine
/// (spec/registry.md 5.6: no lock on pushes, and no race with them either). A class because all parts of a run share it.
final class CollectionPace: Sendable {
    private struct State {
        var last = ContinuousClock.now
        var requests = 0
        /// What is left of the time that the run may rest.
        var left = CollectionPace.longestRestOfRun
    }

    /// Work in one go.
    private static let stretch: Duration = .milliseconds(20)
    /// A clock that jumped is no reason to sleep for long.
    private static let longestRest: Duration = .milliseconds(500)

    /// A run must not take so long that the store has forgotten the revision it began at.
    private static let longestRestOfRun: Duration = .seconds(100)

    private let load: RegistryLoad
    private let state = Mutex(State())

    init(_ load: RegistryLoad) { self.load = load }

    /// A run begins.
    func begin() { state.withLock { $0 = State() } }

    /// Rests where it is time for that. Call it often; it costs a look at the clock.
    /// - Throws: `CancellationError`.
    func rest() async throws {
        let now = ContinuousClock.now
        let pause: Duration = state.withLock { state in
            let worked = now - state.last
            guard worked >= Self.stretch else { return .zero }
            let requests = load.count
            let isBusy = requests != state.requests || load.running > 0
            state.last = now
            state.requests = requests
            let pause = isBusy ? min(worked, Self.longestRest, state.left) : .zero
            state.left -= pause
            return pause
        }
        guard pause > .zero else { return }
        try await Task.sleep(for: pause)
        state.withLock { $0.last = .now }
    }
}
