import Testing

@testable import Store

@Suite("The ring of recent events")
struct EventRingTests {
    private static func event(_ revision: Int64) -> CacheEvent<Int> {
        CacheEvent(
            kind: .put, key: "k", value: Int(revision), previous: nil, revision: revision, previousRevision: 0,
            createRevision: 1)
    }

    /// The revisions in the ring.
    private static func content(_ ring: EventRing<Int>) -> [Int64] {
        ring.events(after: 0, in: nil, limit: .max).events.map(\.revision)
    }

    @Test("keeps the newest events, at most so many and so many bytes, whatever comes")
    func bounds() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let capacity = Int.random(in: 1...12, using: &generator)
            let maximum = Int.random(in: 0...100, using: &generator)
            var ring = EventRing<Int>(capacity: capacity, maximumBytes: maximum, floor: 0)
            var model: [(revision: Int64, bytes: Int)] = []
            for revision in 1...Int64(60) {
                let bytes = Int.random(in: 0...40, using: &generator)
                ring.append(Self.event(revision), bytes: bytes)
                while model.count == capacity || !model.isEmpty && model.reduce(0, { $0 + $1.bytes }) > maximum {
                    model.removeFirst()
                }
                model.append((revision, bytes))
                #expect(Self.content(ring) == model.map(\.revision))
                #expect(ring.floor == (model.first?.revision ?? 1) - 1)
                let middle = model[model.count / 2].revision
                #expect(
                    ring.events(after: middle, in: nil, limit: .max).events.map(\.revision)
                        == model.map(\.revision).filter { $0 > middle })
            }
        }
    }
}
