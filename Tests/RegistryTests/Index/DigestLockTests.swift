import OCI
import Synchronization
import Testing

@testable import Registry

@Suite("One at a time for each digest")
struct DigestLockTests {
    private struct Failed: Error {}

    /// How many are in there, and how many there were at most.
    private final class Room: Sendable {
        private let state = Mutex((present: 0, most: 0, visits: 0))

        func enter() {
            state.withLock {
                $0.present += 1
                $0.visits += 1
                $0.most = max($0.most, $0.present)
            }
        }

        func leave() { state.withLock { $0.present -= 1 } }
        var most: Int { state.withLock { $0.most } }
        var visits: Int { state.withLock { $0.visits } }
    }

    @Test("However many want it, one has it")
    func exclusive() async {
        let locks = DigestLocks()
        let room = Room()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    await locks.withLock(digest("a")) {
                        room.enter()
                        await Task.yield()
                        room.leave()
                    }
                }
            }
        }
        #expect(room.most == 1)
        #expect(room.visits == 200)
    }

    @Test("Another digest does not wait")
    func independent() async {
        let locks = DigestLocks()
        let inside = await locks.withLock(digest("a")) {
            await locks.withLock(digest("b")) { true }
        }
        #expect(inside)
    }

    @Test("Who comes first is served first")
    func order() async {
        let locks = DigestLocks()
        let (opened, open) = AsyncStream.makeStream(of: Void.self)
        let served = Mutex<[Int]>([])
        await withTaskGroup(of: Void.self) { group in
            // Immediate tasks run until they wait: each stands in the queue when the next one comes.
            group.addImmediateTask { @Sendable in
                await locks.withLock(digest("a")) { for await _ in opened {} }
            }
            for number in 0..<20 {
                group.addImmediateTask { @Sendable in
                    await locks.withLock(digest("a")) { served.withLock { $0.append(number) } }
                }
            }
            #expect(served.withLock { $0.isEmpty })
            open.finish()
        }
        #expect(served.withLock { $0 } == Array(0..<20))
    }

    @Test("Who fails gives it back")
    func failing() async {
        let locks = DigestLocks()
        for _ in 0..<2 {
            await #expect(throws: Failed.self) {
                try await locks.withLock(digest("a")) { () async throws(Failed) -> Void in throw Failed() }
            }
        }
        let isFree = await locks.withLock(digest("a")) { true }
        #expect(isFree)
    }
}
