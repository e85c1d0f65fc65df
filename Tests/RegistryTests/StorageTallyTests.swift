import APIServer
import OCI
import Testing

@testable import Registry

@Suite("The sum of what a namespace holds")
struct StorageTallyTests {
    private static let bounds = [StorageBound(name: "large", hard: 1_000), StorageBound(name: "q", hard: 10)]

    /// A tally that was counted.
    private static func tally(_ blobs: [Digest: Int64] = [:]) -> StorageTally {
        var tally = StorageTally(uid: "1")
        tally.beginCount()
        tally.endCount(sum(blobs))
        return tally
    }

    private static func sum(_ blobs: [Digest: Int64]) -> StorageSum {
        var sum = StorageSum()
        for (digest, size) in blobs { sum.add(digest, size) }
        return sum
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var held: [Digest: Int64] = [:]
        var blobs: [Digest: Int64]
        /// Nil where there is room.
        var refusal: String?
        var testDescription: String { refusal ?? "room for \(blobs.values.sorted()) beside \(held.values.sorted())" }
    }

    private static let name = "registry.openshift.io/storage"
    private static let cases: [Case] = [
        Case(blobs: [:]), Case(blobs: [digest("a"): 10]), Case(held: [digest("a"): 4], blobs: [digest("b"): 6]),
        // What is there already is free, also where there is too much.
        Case(held: [digest("a"): 4], blobs: [digest("a"): 4, digest("b"): 6]),
        Case(held: [digest("a"): 40], blobs: [digest("a"): 40]), Case(held: [digest("a"): 40], blobs: [digest("b"): 0]),
        Case(
            blobs: [digest("a"): 11],
            refusal: "exceeded quota: q, requested: \(name)=11, used: \(name)=0, limited: \(name)=10"),
        Case(
            held: [digest("a"): 4], blobs: [digest("a"): 4, digest("b"): 3, digest("c"): 4],
            refusal: "exceeded quota: q, requested: \(name)=7, used: \(name)=4, limited: \(name)=10"),
        Case(
            held: [digest("a"): .max], blobs: [digest("b"): .max],
            refusal: "exceeded quota: large, requested: \(name)=9223372036854775807, "
                + "used: \(name)=9223372036854775807, limited: \(name)=1k"),
    ]

    struct Foresight: Sendable, CustomTestStringConvertible {
        var held: [Digest: Int64] = [:]
        var bytes: Int64
        /// Nil where the client has not said it.
        var digest: Digest?
        var isRefused: Bool
        var testDescription: String {
            "\(bytes) beside \(held.values.sorted()), \(digest == nil ? "whatever it is" : "known"): \(!isRefused)"
        }
    }

    private static let foresights: [Foresight] = [
        Foresight(bytes: 10, isRefused: false), Foresight(bytes: 11, isRefused: true),
        Foresight(bytes: .max, isRefused: true), Foresight(held: [digest("a"): .max], bytes: .max, isRefused: false),
        // It may be what is there; one that is larger is not.
        Foresight(held: [digest("a"): 8], bytes: 8, isRefused: false),
        Foresight(held: [digest("a"): 8], bytes: 9, isRefused: true),
        Foresight(held: [digest("a"): 8], bytes: 8, digest: digest("a"), isRefused: false),
        Foresight(held: [digest("a"): 8], bytes: 8, digest: digest("b"), isRefused: true),
        Foresight(held: [digest("a"): 8], bytes: 2, digest: digest("b"), isRefused: false),
    ]

    @Test("foresees that an upload will find no room, and never wrongly", arguments: foresights)
    func foresight(_ test: Foresight) {
        switch Self.tally(test.held).foresee(test.bytes, as: test.digest, within: Self.bounds) {
        case .reserved(let held): #expect(!test.isRefused && held.isEmpty)
        case .refused(let text, let isSure): #expect(test.isRefused && isSure && text.hasPrefix("exceeded quota: "))
        case .uncounted: Issue.record("it was counted")
        }
    }

    @Test("leaves room, or says whose bound it is that does not", arguments: cases)
    func room(_ test: Case) {
        var tally = Self.tally(test.held)
        switch tally.reserve(test.blobs, within: Self.bounds) {
        case .reserved(let fresh):
            #expect(test.refusal == nil)
            #expect(fresh == test.blobs.filter { test.held[$0.key] == nil })
        case .refused(let text, let isSure): #expect(text == test.refusal && isSure)
        case .uncounted: Issue.record("it was counted")
        }
    }

    /// A tally that expectations can change.
    private final class Book {
        var tally: StorageTally

        init(_ tally: StorageTally) { self.tally = tally }

        func hasRoom(_ blobs: [Digest: Int64]) -> Bool {
            if case .reserved = tally.reserve(blobs, within: StorageTallyTests.bounds) { true } else { false }
        }

        func add(_ blobs: [Digest: Int64]) -> Bool { tally.add(blobs) }
    }

    @Test("counts what is being linked, once, until that has failed or is there")
    func claims() {
        let book = Book(Self.tally())
        #expect(book.hasRoom([digest("a"): 6]))
        #expect(book.hasRoom([digest("a"): 6]))
        #expect(!book.hasRoom([digest("b"): 5]))
        #expect(!book.tally.isIdle)
        book.tally.release([digest("a")])
        #expect(!book.hasRoom([digest("b"): 5]))
        book.tally.release([digest("a")])
        #expect(book.tally.isIdle && book.tally.bytes == 0)
        #expect(book.hasRoom([digest("b"): 5]))
        book.tally.release([digest("b")])
        #expect(book.add([digest("b"): 5]))
        #expect(!book.add([digest("b"): 5]))
        #expect(book.tally.bytes == 5)
        #expect(!book.hasRoom([digest("a"): 6]))
    }

    @Test("keeps what comes while it is counted, whether the count has seen it or not")
    func arrivals() {
        let book = Book(Self.tally([digest("a"): 1]))
        book.tally.isTooHigh = true
        book.tally.beginCount()
        #expect(book.add([digest("b"): 2, digest("c"): 3]))
        book.tally.endCount(Self.sum([digest("b"): 2, digest("d"): 4]))
        #expect(book.tally.bytes == 9 && book.tally.isRight && book.tally.isIdle)
    }

    @Test("is not believed before a count, after a failed one, and when something came past it")
    func trust() {
        var tally = StorageTally(uid: "1")
        func isCounted(_ tally: StorageTally) -> Bool {
            var tally = tally
            if case .uncounted = tally.reserve([:], within: []) { return false }
            return true
        }
        #expect(!isCounted(tally) && !tally.isRight)
        tally.beginCount()
        tally.giveUpCount()
        #expect(!isCounted(tally) && tally.isIdle)
        tally.beginCount()
        tally.reset()
        tally.endCount(StorageSum())
        #expect(!isCounted(tally))
        tally.beginCount()
        tally.endCount(StorageSum())
        #expect(isCounted(tally) && tally.isRight)
        tally.isTooHigh = true
        #expect(isCounted(tally) && !tally.isRight)
        if case .refused(_, let isSure) = tally.reserve([digest("a"): 11], within: Self.bounds) {
            #expect(!isSure)
        } else {
            Issue.record("there was room")
        }
        // Something goes while links are counted: the count may have seen it.
        tally.beginCount()
        tally.isTooHigh = true
        tally.endCount(StorageSum())
        #expect(!tally.isRight)
    }
}
