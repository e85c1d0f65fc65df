import ImageStreams
import Logging
import Store
import Testing

@testable import Controllers

@Suite("The outbox")
struct OutboxKeeperTests {
    private func fill(_ store: Store, _ ids: [String]) async throws {
        _ = try await store.commit(
            Transaction(
                mutations: ids.map { .put(key: LedgerKeys.outboxEntry($0), value: [1]) }
                    + [.put(key: "/weir.dev/outboy", value: [1]), .put(key: "/weir.dev/outbo", value: [1])]))
    }

    private func keys(_ store: Store) async throws -> [String] {
        try await store.range(.prefix("/weir.dev/"), keysOnly: true).kvs.map(\.key)
    }

    @Test("loses what is old, also where that is much, and nothing else")
    func drop() async throws {
        try await World.run { world in
            let store = world.store
            let ids = (0..<2 * OutboxKeeper.batch + 10).map { _ in OrderedIDs.shared.next() }
            try await fill(store, ids)
            let keeper = OutboxKeeper(store: store, logger: Logger(label: "test"))
            #expect(try await keeper.drop(before: ids[ids.count - 3]) == ids.count - 3)
            #expect(
                try await keys(store) == ["/weir.dev/outbo"] + ids.suffix(3).map(LedgerKeys.outboxEntry)
                    + ["/weir.dev/outboy"])
            #expect(try await keeper.drop(before: OrderedIDs.first(ago: .seconds(3_600))) == 0)
            #expect(try await keeper.drop(before: OrderedIDs.first(ago: .seconds(-3_600))) == 3)
        }
    }

    @Test("is looked after until the store ends")
    func run() async throws {
        try await World.run { world in
            let store = world.store
            try await fill(store, [OrderedIDs.shared.next()])
            let keeper = OutboxKeeper(
                store: store, age: .seconds(-60), interval: .milliseconds(1), logger: Logger(label: "test"))
            let task = Task { await keeper.run() }
            try await eventually("the event goes") { try await keys(store).count == 2 }
            try await fill(store, [OrderedIDs.shared.next()])
            try await eventually("the event goes") { try await keys(store).count == 2 }
            await store.close()
            await task.value
        }
    }
}
