import APIServer
import OCI
import Synchronization
import Testing

@testable import Registry

@Suite("Places for requests to the registry")
struct RequestGateTests {
    private static let user = UserInfo(name: "dev")
    private static let blob = RegistryRoute.blob(path("ns/app"), digest("a"))

    private func gate(reads: Int = 0, writes: Int = 0, waiting: Int = 0, patience: Duration = .seconds(600))
        -> RequestGate
    {
        var limits = RequestLimits()
        limits.reads = reads
        limits.writes = writes
        limits.waiting = waiting
        limits.patience = patience
        return RequestGate(limits)
    }

    /// - Returns: the status of the refusal; nil where it was let in.
    private func status(_ gate: RequestGate, _ route: RegistryRoute, isRead: Bool) async -> Int? {
        do {
            try await gate.admit(route, isRead: isRead, Self.user) {}
            return nil
        } catch { return (error as? RegistryError)?.status }
    }

    @Test("One more than there are places for is refused with 429 and told when to come again; the other kind is not")
    func full() async throws {
        let gate = gate(reads: 1, writes: 1)
        try await gate.admit(Self.blob, isRead: true, Self.user) {
            await #expect(throws: RegistryError.self) { try await gate.admit(Self.blob, isRead: true, Self.user) {} }
            do { try await gate.admit(Self.blob, isRead: true, Self.user) {} } catch {
                let refusal = try #require(error as? RegistryError)
                #expect(refusal.status == 429)
                #expect(refusal.entries.map(\.code) == [.tooManyRequests])
                #expect(refusal.headers[.retryAfter] == "1")
            }
            #expect(await status(gate, Self.blob, isRead: false) == nil)
        }
        #expect(await status(gate, Self.blob, isRead: true) == nil)
    }

    @Test(
        "Pings, tokens, scrapes and probes need no place", arguments: [RegistryRoute.base, .token, .metrics, .health])
    func exempt(_ route: RegistryRoute) async throws {
        let gate = gate(reads: 1)
        try await gate.admit(Self.blob, isRead: true, Self.user) {
            #expect(await status(gate, route, isRead: true) == nil)
        }
    }

    @Test("Without bounds everybody gets in")
    func unbounded() async throws {
        let gate = gate()
        try await gate.admit(Self.blob, isRead: false, Self.user) {
            #expect(await status(gate, Self.blob, isRead: false) == nil)
        }
    }

    @Test("Who waits gets the place that becomes free, and nobody is worked on beside")
    func waiting() async throws {
        let gate = gate(writes: 1, waiting: 100)
        let counts = Counts()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await gate.admit(Self.blob, isRead: false, Self.user) {
                        counts.enter()
                        await Task.yield()
                        counts.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(counts.most == 1)
    }

    /// A class because many tasks count.
    private final class Counts: Sendable {
        private let state = Mutex((inside: 0, most: 0))

        func enter() {
            state.withLock { state in
                state.inside += 1
                state.most = max(state.most, state.inside)
            }
        }

        func leave() { state.withLock { $0.inside -= 1 } }
        var most: Int { state.withLock { $0.most } }
    }
}
