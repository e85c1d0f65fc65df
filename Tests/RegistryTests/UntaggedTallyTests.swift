import OCI
import Store
import Testing

@testable import Registry

/// spec/registry.md 3.5.4.
@Suite("The number of manifests without a tag")
struct UntaggedTallyTests {
    private let start = ContinuousClock.now

    @Test("Only those without a tag are refused, after they were counted, and not counted without end")
    func outcomes() {
        var all = UntaggedTally(uid: "u", count: 8, .all, begin: start, end: start)
        #expect(all.take(within: 10, now: start) == .taken)
        #expect(all.take(within: 10, now: start) == .taken)
        #expect(all.take(within: 10, now: start) == .uncounted(.untagged))
        all.end(hasFailed: false)
        #expect(all.take(within: 10, now: start) == .uncounted(.untagged))
        all.end(hasFailed: true)
        #expect(all.take(within: 10, now: start) == .taken)

        // Those that were not counted, because they have not ended.
        var busy = UntaggedTally(uid: "u", count: 8, running: 2, .untagged, begin: start, end: start + .seconds(1))
        #expect(busy.take(within: 10, now: start) == .refused)

        let end = start + .seconds(2)
        var exact = UntaggedTally(uid: "u", count: 10, .untagged, begin: start, end: end)
        #expect(exact.take(within: 10, now: end) == .refused)
        #expect(exact.take(within: 10, now: end + .seconds(19)) == .refused)
        #expect(exact.take(within: 10, now: end + .seconds(20)) == .uncounted(.untagged))
        #expect(exact.take(within: 11, now: end) == .taken)
        // It may have got a tag since.
        #expect(exact.take(within: 11, now: end) == .resting(until: end + .seconds(20)))
        #expect(exact.take(within: 100, now: start + .seconds(3_601)) == .uncounted(.all))
    }

    @Test("What a tag needs is not counted: platforms, also of indexes in indexes, and what refers to them")
    func needs() {
        let digests = (0..<9).map { Digest.sha256(of: [UInt8($0)]) }
        func record(
            _ number: Int, children: [Int] = [], subject: Int? = nil, isDeleted: Bool = false, isFetched: Bool = false
        ) -> KeyValue {
            var record = ManifestRecord(
                mediaType: "", size: 1, canonical: digests[number], subject: subject.map { digests[$0] },
                children: children.map { digests[$0] }, pushed: 1, isDeleted: isDeleted)
            record.isFetched = isFetched
            return KeyValue(
                key: RegistryKeys.manifest("id", digests[number]), value: record.encoded, createRevision: 1,
                modRevision: 1)
        }
        var records = RepositoryRecords()
        let rows = [
            record(0, children: [1, 2]), record(1, children: [0]), record(2), record(3, subject: 2),
            record(4, subject: 3), record(5), record(6, subject: 5), record(7, isDeleted: true),
            record(8, isFetched: true),
        ]
        for row in rows { records.add(row, id: "id") }
        #expect(records.untagged(named: [digests[0]]) == 2)
        #expect(records.untagged(named: [digests[5]]) == 5)
        #expect(records.untagged(named: []) == 7)
    }
}
