import OCI
import Testing

@testable import Registry

@Suite("Uses of blobs, before the store knows of them")
struct TouchLogTests {
    private let later = TouchLog.granularity + 1

    @Test("A use is noted when the one that is known is old")
    func coarse() {
        let log = TouchLog()
        log.touch("a", known: 0, now: TouchLog.granularity)
        #expect(log.time(of: "a") == nil)
        log.touch("a", known: 0, now: later)
        #expect(log.time(of: "a") == later)
        log.touch("a", known: 0, now: later + 1)
        #expect(log.time(of: "a") == later + 1)
        #expect(log.time(of: "b") == nil)
    }

    @Test("What is being written counts until it has been")
    func flush() {
        let log = TouchLog()
        log.touch("a", known: 0, now: later)
        let first = log.beginFlush()
        #expect(first == [TouchLog.Touch(key: "a", time: later)])
        #expect(log.time(of: "a") == later)
        log.endFlush(first[...])
        #expect(log.time(of: "a") == nil)
        #expect(log.beginFlush().isEmpty)
    }

    @Test("A use during the writing is not lost with it")
    func during() {
        let log = TouchLog()
        log.touch("a", known: 0, now: later)
        let first = log.beginFlush()
        log.touch("a", known: 0, now: later + 5)
        #expect(log.time(of: "a") == later + 5)
        log.endFlush(first[...])
        #expect(log.time(of: "a") == later + 5)
        #expect(log.beginFlush() == [TouchLog.Touch(key: "a", time: later + 5)])
    }

    @Test("What could not be written is tried again")
    func again() {
        let log = TouchLog()
        log.touch("a", known: 0, now: later)
        _ = log.beginFlush()
        log.touch("b", known: 0, now: later)
        #expect(Set(log.beginFlush().map(\.key)) == ["a", "b"])
    }

    @Test("It holds so many and not more; those it knows go on, and of the others any may have been used")
    func bounded() {
        let log = TouchLog()
        for number in 0..<TouchLog.capacity { log.touch("\(number)", known: 0, now: later) }
        #expect(log.time(of: "one more") == nil)
        log.touch("one more", known: 0, now: later)
        #expect(log.time(of: "one more") == later && log.time(of: "any other") == later)
        log.touch("0", known: 0, now: later + 1)
        #expect(log.time(of: "0") == later + 1)
        #expect(log.unwrittenLoss == later)
        #expect(log.beginFlush().count == TouchLog.capacity)
        log.touch("while that cannot be written", known: 0, now: later + 2)
        #expect(log.unwrittenLoss == later + 2 && log.time(of: "any other") == later + 2)
        log.noteWritten(loss: later + 2)
        #expect(log.unwrittenLoss == nil && log.time(of: "any other") == later + 2)
    }

    @Test("Of what is being written, that which has been is done, and the rest is tried again")
    func partly() {
        let log = TouchLog()
        for key in ["a", "b"] { log.touch(key, known: 0, now: later) }
        let first = log.beginFlush().sorted { $0.key < $1.key }
        log.endFlush(first[..<1])
        #expect(log.time(of: "a") == nil && log.time(of: "b") == later)
        #expect(log.beginFlush().map(\.key) == ["b"])
    }
}
