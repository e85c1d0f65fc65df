import APIMachinery
import APIServer
import Foundation
import Logging
import Store
import StoreSQLite
import Synchronization

func testContext(
    _ resource: GroupResource, namespace: String = "", user: UserInfo = UserInfo(name: "admin"),
    now: Timestamp = Timestamp(secondsSince1970: 1_800_000_000)
) -> RequestContext {
    RequestContext(
        id: "request", user: user, namespace: namespace, resource: resource, userAgent: "test", now: now,
        logger: Logger(label: "test"))
}

/// A clock that a test moves.
final class ManualClock: Sendable {
    private let time = Mutex(ContinuousClock.now)
    var now: ContinuousClock.Instant { time.withLock { $0 } }
    func advance(_ duration: Duration) { time.withLock { $0 += duration } }
}

/// Runs `body` with a store of its own.
func withStore(register: (Store) throws -> Void, _ body: () async throws -> Void) async throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "weir-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let store = Store(engine: try await SQLiteEngine.open(directory: directory))
    try register(store)
    try await store.start()
    do { try await body() } catch {
        await store.close()
        throw error
    }
    await store.close()
}
