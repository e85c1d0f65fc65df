import APIServer
import Synchronization

/// The claims under way: objects that quotas have been charged for and that are still being made.
///
/// Charging and counting take turns within a namespace, and what is counted includes these objects: so an object never
/// falls between its charge and its creation, and none is counted twice.
final class QuotaClaims: Sendable {
    /// A claim that is held until its object is there, or has failed.
    struct Place: Hashable, Sendable {
        let namespace: String
        let number: Int
    }

    private struct Claim {
        var quotaNames: [String]
        var object: String
    }

    private struct State {
        var next = 0
        var claims: [String: [Int: Claim]] = [:]
        /// Namespaces somebody works in, with those who wait for it.
        var turns: [String: [CheckedContinuation<Void, Never>]] = [:]
        /// Namespaces that are to be counted.
        var dirty: Set<String> = []
        var counter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    // MARK: Turns

    /// Runs `work` while nobody else works in the namespace, in the order in which they came.
    func alone<Result>(in namespace: String, _ work: () async throws -> Result) async rethrows -> Result {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.turns[namespace] == nil {
                    state.turns[namespace] = []
                    return true
                }
                state.turns[namespace]?.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
        defer {
            let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard var waiting = state.turns[namespace], !waiting.isEmpty else {
                    state.turns[namespace] = nil
                    return nil
                }
                let next = waiting.removeFirst()
                state.turns[namespace] = waiting
                return next
            }
            next?.resume()
        }
        return try await work()
    }

    // MARK: Places

    func hold(_ claim: QuotaClaim, in namespace: String) -> Place {
        state.withLock { state in
            state.next += 1
            state.claims[namespace, default: [:]][state.next] = Claim(
                quotaNames: claim.quotaNames, object: claim.object)
            return Place(namespace: namespace, number: state.next)
        }
    }

    /// - Precondition: the object is there for everybody to see, or will not be.
    func release(_ place: Place) {
        state.withLock { state in
            state.claims[place.namespace]?[place.number] = nil
            if state.claims[place.namespace]?.isEmpty == true { state.claims[place.namespace] = nil }
        }
    }

    /// The objects that are being made, and how many more have no name yet.
    func pending(_ quotaNames: [String], in namespace: String) -> (names: Set<String>, unnamed: Int) {
        state.withLock { state in
            let claims = state.claims[namespace, default: [:]].values.filter { $0.quotaNames == quotaNames }
            let named = claims.filter { !$0.object.isEmpty }
            return (Set(named.map(\.object)), claims.count - named.count)
        }
    }

    // MARK: Counting

    /// Has a namespace counted, soon.
    func recount(_ namespace: String) {
        let counter = state.withLock { state in
            state.dirty.insert(namespace)
            defer { state.counter = nil }
            return state.counter
        }
        counter?.resume()
    }

    /// For one task: waits until there is something to count.
    /// - Returns: the namespaces; none where the task was cancelled.
    func takeDirty() async -> Set<String> {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    if !state.dirty.isEmpty || Task.isCancelled { return false }
                    state.counter = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            let counter = state.withLock { state in
                defer { state.counter = nil }
                return state.counter
            }
            counter?.resume()
        }
        return state.withLock { state in
            defer { state.dirty = [] }
            return state.dirty
        }
    }
}
