import StoreTesting
import Testing

@testable import Store

@Suite("A bounded cache")
struct BoundedCacheTests {
    /// Each value takes its bytes and 256 more.
    private static let room = 10 * (100 + 256)

    @Test(
        "never holds more than its room, and what it gives is what was put in last", arguments: [1, 2, 3] as [UInt64])
    func bounds(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var cache = BoundedCache<Int, Int>(maximumBytes: Self.room)
        var truth: [Int: Int] = [:]
        for step in 0..<20_000 {
            let key = Int.random(in: 0..<40, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                cache.remove(key)
                truth[key] = nil
            case 1:
                cache.set(key, step, bytes: Int.random(in: 0..<1_200, using: &generator))
                truth[key] = step
            default:
                if let value = cache.value(for: key) { #expect(value == truth[key]) }
            }
            guard cache.bytes <= Self.room, cache.count <= 13, (cache.count == 0) == (cache.bytes == 0) else {
                Issue.record("step \(step): \(cache.count) values of \(cache.bytes) bytes")
                return
            }
        }
    }

    @Test("keeps what is used, drops what is not, and refuses what has no room at all")
    func order() {
        var cache = BoundedCache<Int, Int>(maximumBytes: Self.room)
        for key in 0..<10 { cache.set(key, key, bytes: 100) }
        for key in 10..<100 {
            #expect(cache.value(for: 3) == 3)
            cache.set(key, key, bytes: 100)
        }
        #expect(cache.value(for: 3) == 3 && cache.value(for: 4) == nil)
        cache.set(3, 0, bytes: Self.room)
        #expect(cache.value(for: 3) == nil, "the old value has gone all the same")
        #expect(cache.count == 9)
    }
}

@Suite("Recent entries")
struct RecentEntriesTests {
    private func entry(_ value: Int) -> CacheEntry<Int> {
        CacheEntry(key: "k", value: value, createRevision: 1, modRevision: Int64(value))
    }

    @Test("do not take what was read before a change that came first")
    func staleLoads() {
        var entries = RecentEntries<Int>(maximumBytes: 10_000)
        entries.beginLoad("k")
        entries.endLoad("k", entry(1), bytes: 1)
        #expect(entries.entry(for: "k")?.value == 1)

        entries.remove("k")
        entries.beginLoad("k")
        entries.beginLoad("k")
        entries.remove("k")
        entries.endLoad("k", entry(1), bytes: 1)
        #expect(entries.entry(for: "k") == nil)
        entries.set(entry(2), bytes: 1)
        entries.endLoad("k", entry(1), bytes: 1)
        #expect(entries.entry(for: "k")?.value == 2)

        entries.remove("k")
        entries.beginLoad("k")
        entries.endLoad("k", entry(3), bytes: 1)
        #expect(entries.entry(for: "k")?.value == 3, "later reads count again")
    }
}
