import Store
import Synchronization

extension EngineChecks {
    /// Cursors that start at random revisions, before, during and after random writes, see exactly what the engine's
    /// history says; the caches equal the engine at the end, and reads of them never go back. Then the same after a
    /// restart.
    public static func watchersMissNothing(_ factory: EngineFactory, place: String, seed: UInt64) async throws {
        for round in 0..<3 {
            let store = Store(engine: try await factory.open(place))
            let small = store.cache(prefix: "/a/", ringCapacity: 4_096) { $0.value }
            let all = store.cache(prefix: "", ringCapacity: 8_192) { $0.value }
            // Room for a few entries only: they come and go all the time.
            let recent = store.cache(prefix: "", contents: .recent(bytes: 1_500)) { $0.value }
            try await store.start()
            let seed = seed &* 31 &+ UInt64(round)
            let (end, seen) = try await watchDuringWrites(store, [small, all, recent], seed)
            for (cursor, events) in seen {
                let range = cursor.range
                let history = try await store.engine.events(in: range, after: cursor.after, limit: 0)
                let expected = history.batches.flatMap(\.events).map(Seen.init)
                let place = "seed \(seed), \(range) after \(cursor.after)"
                for (one, other) in zip(events, expected) { try requireEqual(one, other, place) }
                try requireEqual(events.count, expected.count, place)
            }
            try requireEqual(all.revision, end)
            try requireEqual(small.revision, end)
            try await compare(all, store, .all)
            try await compare(recent, store, .all)
            try await compare(small, store, .prefix("/a/"))
            await store.close()
        }
    }

    struct Watch: Sendable {
        var range: KeyRange
        var after: Int64
    }

    struct Seen: Equatable, Sendable {
        var kind: Event.Kind
        var key: [UInt8]
        var value: [UInt8]?
        var previous: [UInt8]?
        var revisions: [Int64]

        init(_ event: Event) {
            kind = event.kind
            key = Array(event.key.utf8)
            value = event.current?.value
            previous = event.previous?.value
            revisions = [event.modRevision, event.previous?.modRevision ?? 0, event.createRevision]
        }

        init(_ event: CacheEvent<[UInt8]>) {
            kind = event.kind
            key = Array(event.key.utf8)
            value = event.value
            previous = event.previous
            revisions = [event.revision, event.previousRevision, event.createRevision]
        }
    }

    private static func watchDuringWrites(
        _ store: Store, _ caches: [RangeCache<[UInt8]>], _ seed: UInt64
    ) async throws -> (end: Int64, seen: [(Watch, [Seen])]) {
        let goal = store.currentRevision + 600
        let marker = "/a/~end"
        return try await withThrowingTaskGroup(of: (Watch, [Seen])?.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    var work = RandomWorkload(seed: seed &* 7 &+ UInt64(writer))
                    while store.currentRevision < goal {
                        do {
                            _ = try await store.commit(work.transaction(after: store.currentRevision))
                        } catch StoreError.conflict {}
                    }
                    return nil
                }
            }
            for watcher in 0..<24 {
                group.addTask {
                    var work = RandomWorkload(seed: seed &* 13 &+ UInt64(watcher))
                    let cache = caches[watcher % caches.count]
                    let after = Int64.random(in: 0...store.currentRevision, using: &work.generator)
                    // The marker's namespace is part of every range that is watched here.
                    let range: KeyRange? = [nil, .prefix("/a"), .all][watcher / caches.count % 3]
                    let whole = KeyRange.prefix(cache.prefix)
                    let watch = Watch(range: range.map(whole.intersection) ?? whole, after: after)
                    return try await follow(cache, watch, range, marker)
                }
            }
            for reader in 0..<2 {
                group.addTask {
                    try await read(caches, store, until: goal, seed &* 17 &+ UInt64(reader))
                    return nil
                }
            }
            // The writers are done when the goal is reached; the marker is the last change.
            group.addTask {
                while store.currentRevision < goal { try await Task.sleep(for: .milliseconds(1)) }
                return nil
            }
            var seen: [(Watch, [Seen])] = []
            var others = 0
            var end: Int64 = 0
            while let result = try await group.next() {
                if let result { seen.append(result) } else { others += 1 }
                if others == 7, end == 0 { end = try await store.commit(put(marker, "\(seed)")) }
            }
            return (end, seen)
        }
    }

    /// What is read of a key is never older than what was read, or committed, before.
    private static func read(
        _ caches: [RangeCache<[UInt8]>], _ store: Store, until goal: Int64, _ seed: UInt64
    ) async throws {
        var work = RandomWorkload(seed: seed)
        while store.currentRevision < goal {
            for key in work.transaction(after: store.currentRevision).mutations.map(\.key) {
                let committed = caches[2].revision
                for cache in caches where key.hasPrefix(cache.prefix) {
                    let entry = try await cache.entry(for: key)
                    let truth = try await store.range(.key(key)).kvs.first
                    if let entry, let truth, entry.modRevision <= committed {
                        try require(
                            entry.modRevision == truth.modRevision || truth.modRevision > committed, "\(key) is old")
                        if entry.modRevision == truth.modRevision { try requireEqual(entry.value, truth.value) }
                    }
                    if entry == nil, let truth { try require(truth.modRevision > committed, "\(key) is missing") }
                }
            }
        }
    }

    private static func follow(
        _ cache: RangeCache<[UInt8]>, _ watch: Watch, _ range: KeyRange?, _ marker: String
    ) async throws -> (Watch, [Seen]) {
        let start = cache.revision
        let cursor = try await cache.watch(after: watch.after, range: range)
        var seen: [Seen] = []
        var last = watch.after
        while true {
            let events = try await cursor.next(deadline: .now + .seconds(30))
            try require(!events.isEmpty, "the end did not come")
            for event in events {
                try require(event.revision >= last, "events out of order")
                seen.append(Seen(event))
            }
            last = events.last?.revision ?? last
            try require(cursor.revision >= last, "the cursor's revision is behind its events")
            if events.contains(where: { $0.key == marker && $0.revision > start }) { return (watch, seen) }
        }
    }

    private static func compare(
        _ cache: RangeCache<[UInt8]>, _ store: Store, _ range: KeyRange
    ) async throws {
        let snapshot = try await cache.snapshot()
        let truth = try await store.range(range, at: snapshot.revision)
        let entries = snapshot.entries.map {
            KeyValue(key: $0.key, value: $0.value, createRevision: $0.createRevision, modRevision: $0.modRevision)
        }
        try requireEqual(entries, truth.kvs)
        try requireEqual(cache.count, truth.count)
        let page = try await cache.snapshot(of: range, limit: 3)
        try requireEqual(page.entries.map(\.key), Array(truth.kvs.prefix(3).map(\.key)))
        try requireEqual(page.remaining, max(0, truth.count - 3))
        if let last = page.entries.last {
            let next = try await cache.snapshot(of: range.after(last.key), limit: 3)
            try requireEqual(next.entries.map(\.key), Array(truth.kvs.dropFirst(3).prefix(3).map(\.key)))
        }
        for kv in truth.kvs { try requireEqual(try await cache.entry(for: kv.key)?.modRevision, kv.modRevision) }
    }
}
