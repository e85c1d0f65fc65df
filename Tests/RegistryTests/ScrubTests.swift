import OCI
import Testing

@testable import Registry

/// spec/registry.md W-17.
@Suite("Reading all blobs again")
struct ScrubTests {
    @Test("takes so many bytes a second; time in which nothing was read is no credit")
    func pace() {
        let start = ContinuousClock.now
        var pace = ScrubPace(bytesPerSecond: 1_000, now: start)
        #expect(pace.read(10, now: start) == nil)
        #expect(pace.read(490, now: start) == .seconds(0.5))
        #expect(pace.read(500, now: start + .seconds(0.5)) == .seconds(0.5))
        // It slept too long, and then there was nothing to do.
        #expect(pace.read(500, now: start + .seconds(100)) == .seconds(0.5))
        #expect(pace.read(1, now: start + .seconds(101)) == nil)
    }

    @Test("knows where it was")
    func record() {
        var record = ScrubRecord(started: 5)
        #expect(ScrubRecord(decoding: record.encoded) == record)
        record.last = .sha256(of: [1])
        record.isComplete = true
        record.blobs = 3
        record.bytes = 4
        record.damaged = 1
        #expect(ScrubRecord(decoding: record.encoded) == record)
        #expect(ScrubRecord(decoding: []) == nil)
        #expect(ScrubRecord(decoding: Array("{}".utf8)) == nil)
    }
}

/// spec/registry.md PT-20.
@Suite("How much is kept of what was fetched")
struct CacheUseTests {
    private static func digest(_ number: Int) -> Digest { .sha256(of: [UInt8(number)]) }

    /// Blobs of 10 bytes, the later the higher their number.
    private static func use(_ namespaces: [String: [Int]]) -> CacheUse {
        var use = CacheUse()
        for (namespace, numbers) in namespaces {
            for number in numbers {
                use.add(digest(number), CacheUse.Blob(size: 10, last: Int64(number)), in: namespace)
            }
        }
        return use
    }

    @Test("what was pulled last stays, in each namespace and in all; what is held anyway does not count")
    func cutoffs() {
        let use = Self.use(["a": [1, 2, 3], "b": [3, 4], "c": [9]])
        func cutoffs(_ perNamespace: Int64, _ total: Int64, held: [Int] = []) -> CacheCutoffs {
            let held = Set(held.map(Self.digest))
            return use.cutoffs(perNamespace: perNamespace, total: total) { held.contains($0) }
        }
        #expect(cutoffs(0, 0) == CacheCutoffs())
        #expect(cutoffs(0, 50).general == .min)
        #expect(cutoffs(0, 49).general == 2)
        #expect(cutoffs(0, 30).general == 3)
        #expect(cutoffs(0, 30, held: [9, 4]).general == .min)
        let small = cutoffs(20, 0)
        #expect(small.of("a") == 2)
        #expect(small.of("b") == .min && small.of("c") == .min && small.of("other") == .min)
        // What goes by one bound makes room within the other.
        #expect(cutoffs(10, 30).of("a") == 3)
        #expect(cutoffs(10, 30).of("b") == 4)
        #expect(cutoffs(10, 30).general == .min)
        #expect(cutoffs(10, 20).of("c") == 4)
        // No time tells these from others: they go because of their size.
        #expect(cutoffs(5, 0).of("c") == .min)
    }
}
