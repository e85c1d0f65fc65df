import StoreTesting
import Synchronization
import Testing

@testable import Store

@Suite("The store's values")
struct ValueTests {
    @Test("a prefix range holds exactly the keys with the prefix")
    func prefixes() {
        let keys = [
            "", "a", "a/", "a/b", "a/\u{10FFFF}", "a/\u{10FFFF}z", "a0", "b", "\u{D7FF}", "\u{E000}", "\u{10FFFF}",
        ]
        for prefix in keys {
            for key in keys + keys.map({ prefix + $0 }) {
                #expect(
                    KeyRange.prefix(prefix).contains(key) == key.utf8.starts(with: prefix.utf8), "\(prefix) \(key)")
            }
        }
    }

    @Test("a key's range and the range after a key are exact")
    func single() {
        #expect(KeyRange.key("a").contains("a"))
        #expect(!KeyRange.key("a").contains("a\u{0}"))
        #expect(!KeyRange.key("a").contains("b"))
        #expect(KeyRange.prefix("a/").after("a/c") == KeyRange(start: "a/c\u{0}", end: "a0"))
        #expect(KeyRange.prefix("b/").after("a") == .prefix("b/"))
        #expect(KeyRange.all.intersection(.prefix("a/")) == .prefix("a/"))
        #expect(KeyRange.prefix("a/b").intersection(.prefix("a/")) == .prefix("a/b"))
        #expect(KeyRange(start: "a/x", end: nil).intersection(.prefix("a/")) == KeyRange(start: "a/x", end: "a0"))
    }

    @Test(
        "a watch waits in the narrowest bucket that holds its range",
        arguments: [
            (KeyRange?.none, ""), (.all, ""), (.prefix("/r/ns/"), "/r/ns/"), (.prefix("/r/ns"), "/r/"),
            (.key("/r/ns/a"), "/r/ns/a"), (KeyRange(start: "/r/a/x", end: "/r/b/x"), "/r/"),
            (KeyRange(start: "/r/a/x", end: "/r/a/y"), "/r/a/"), (KeyRange(start: "/r/a/", end: nil), ""),
            (.prefix(""), ""),
        ])
    func buckets(_ range: KeyRange?, _ bucket: String) {
        #expect(WatchWaiters.bucket(for: range).string == bucket)
    }

    @Test("a change wakes the watchers around it and nobody else")
    func waking() async {
        let ranges: [KeyRange?] = [
            nil, .prefix("/r/a/"), .prefix("/r/b/"), .key("/r/a/x"), .key("/r/a/y"), .prefix("/r/a/x/"),
        ]
        let waiters = WaitersBox()
        await withTaskGroup(of: (Int, Bool).self) { group in
            for (index, range) in ranges.enumerated() {
                group.addTask {
                    let wake = await withCheckedContinuation { continuation in
                        waiters.add(UInt64(index), continuation, WatchWaiters.bucket(for: range))
                    }
                    if case .events(after: 6) = wake { return (index, true) }
                    return (index, false)
                }
            }
            while waiters.count < ranges.count { await Task.yield() }
            waiters.wake("/r/a/x", 7)
            var woken = Set<Int>()
            for await (index, hadEvents) in group where hadEvents { woken.insert(index) }
            #expect(woken == [0, 1, 3])
        }
    }

    @Test("compaction keeps the given time")
    func schedule() {
        var schedule = CompactionSchedule(history: .seconds(300))
        let start = ContinuousClock.now
        let answers = (0..<8).map { minute in schedule.note(Int64(minute * 10), at: start + .seconds(minute * 60)) }
        #expect(answers == [nil, nil, nil, nil, nil, 0, 10, 20])
        #expect(schedule.note(500, at: start + .seconds(4_000)) == 70)
    }

    @Test("the ordered map behaves like a dictionary", arguments: [1, 2, 3] as [UInt64])
    func orderedMap(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var map = OrderedMap<Int>()
        var model: [StoreKey: Int] = [:]
        var kept: (map: OrderedMap<Int>, model: [StoreKey: Int])?
        for step in 0..<30_000 {
            // Grows, then shrinks, with keys in order and out of it.
            let span = step < 15_000 ? 6_000 : 300
            let key = step % 2 == 0 ? "k/\(Int.random(in: 0..<span, using: &random))" : "s/\(1_000_000 + step % 9_000)"
            if Int.random(in: 0..<10, using: &random) < (step < 15_000 ? 2 : 8) {
                #expect(map.remove(key) == model.removeValue(forKey: StoreKey(key)))
            } else {
                #expect(map.set(key, step) == model.updateValue(step, forKey: StoreKey(key)))
            }
            if step == 9_000 { kept = (map, model) }
            if step % 3_000 == 0 { compare(map, model, &random) }
        }
        compare(map, model, &random)
        if let kept { compare(kept.map, kept.model, &random) }
    }

    private func compare(_ map: OrderedMap<Int>, _ model: [StoreKey: Int], _ random: inout SeededGenerator) {
        let sorted = model.sorted { $0.key < $1.key }
        #expect(map.count == sorted.count)
        #expect(map.values(in: .all, limit: 0) == sorted.map(\.value))
        for range in [
            KeyRange.prefix("k/1"), .prefix("s/"), .key("k/7"), KeyRange(start: "k/3", end: "k/2"),
            .prefix("k/55").after("k/552"),
        ] {
            let expected = sorted.filter { range.contains($0.key.string) }.map(\.value)
            let limit = Int.random(in: 1...400, using: &random)
            #expect(map.count(in: range) == expected.count)
            #expect(map.values(in: range, limit: 0) == expected)
            #expect(map.values(in: range, limit: limit) == Array(expected.prefix(limit)))
        }
        for (key, value) in sorted.prefix(500) { #expect(map[key.string] == value) }
        #expect(map["absent"] == nil)
    }
}

/// Waiters behind a lock, for the test's tasks.
private final class WaitersBox: Sendable {
    private let state = Mutex((waiters: WatchWaiters(), count: 0))

    var count: Int { state.withLock { $0.count } }

    func add(_ id: UInt64, _ continuation: CheckedContinuation<WatchWaiters.Wake, Never>, _ bucket: StoreKey) {
        state.withLock {
            $0.waiters.add(id, .init(continuation: continuation, deadline: nil), in: bucket)
            $0.count += 1
        }
    }

    /// Wakes for one change, then ends all others.
    func wake(_ key: String, _ revision: Int64) {
        var woken: [WatchWaiters.Woken] = []
        let rest = state.withLock { state in
            state.waiters.wake(for: key, at: revision, &woken)
            return state.waiters.removeAll(.ended)
        }
        for one in woken + rest { one.resume() }
    }
}
