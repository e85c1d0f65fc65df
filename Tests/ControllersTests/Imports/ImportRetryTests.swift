import ImageStreams
import Testing

@testable import Controllers

@Suite("Tries of failed imports")
struct ImportRetryTests {
    @Test("the pauses grow by class; Retry-After is waited for")
    func pauses() {
        for (reason, base, longest) in [("InternalError", 5, 900), ("NotFound", 600, 21_600)]
            as [(String, Int64, Int64)]
        {
            var clock = VirtualClock()
            _ = clock.note("s", plan(every: nil, failure: failure(reason)))
            var last: Int64 = clock.now
            var pause = base * 1_000
            for attempt in 1...12 {
                clock.advance(2 * longest * 1_000)
                let imports = clock.imports
                #expect(imports.count == attempt, "\(reason)")
                guard let time = imports.last?.time else { return }
                #expect((pause...pause * 5 / 4).contains(time - last), "\(reason) \(attempt): \(time - last)")
                clock.now = time
                #expect(clock.fail("s", failure(reason)) == 1)
                last = time
                pause = min(pause * 2, longest * 1_000)
            }
        }
        var clock = VirtualClock()
        _ = clock.note("s", plan(every: nil, failure: failure("RateLimited")))
        clock.advance(40_000)
        #expect(clock.imports.count == 1)
        _ = clock.fail("s", failure("RateLimited"), retryAfter: 7_200_000)
        clock.advance(7_199_000)
        #expect(clock.imports.count == 1)
        clock.advance(2_500)
        #expect(clock.imports.count == 2)
    }

    @Test("a look that failed is followed by an import when the registry wants to be asked again, and not before")
    func looks() {
        for (retryAfter, pause) in [(Int64(7_000), Int64(7_000)), (.max, 86_400_000)] {
            var clock = VirtualClock()
            _ = clock.note(
                "s", plan("a"), plan("b", from: "r.example/other:1", every: nil, failure: failure("Timeout")))
            let key = VirtualClock.key("s", "a")
            guard let group = clock.schedule.groups.keys.first else { return }
            #expect(clock.schedule.checkFailed(group, [key], retryAfter: retryAfter, now: clock.now).isEmpty)
            // The other tag's try does not take it along.
            clock.advance(6_900)
            #expect(clock.imports.count == 1)
            #expect(clock.schedule.takeWishes(of: key.stream, clock.now).keys.map(\.tag) == ["b"])
            clock.schedule.arm(key.stream, clock.now)
            clock.advance(pause - 6_900)
            #expect(clock.imports.last?.time == 1_000_000_000 + pause)
            #expect(clock.schedule.takeWishes(of: key.stream, clock.now) == [key: .changed("")])
        }
    }

    @Test("what could not be done at all waits for its turn")
    func putBack() {
        var clock = VirtualClock()
        _ = clock.note("s", plan(every: nil, failure: failure("Timeout")))
        clock.advance(10_000)
        let wishes = clock.schedule.takeWishes(of: VirtualClock.stream("s"), clock.now)
        #expect(wishes.count == 1)
        clock.schedule.putBack(wishes, until: clock.now + 5_000)
        #expect(clock.schedule.takeWishes(of: VirtualClock.stream("s"), clock.now + 4_999).isEmpty)
        clock.advance(5_000)
        #expect(clock.imports.last?.time == clock.now)
        #expect(clock.schedule.takeWishes(of: VirtualClock.stream("s"), clock.now) == wishes)
    }

    @Test("all failed tags of a stream are tried, those that are due together in one import")
    func everyTag() {
        var clock = VirtualClock()
        _ = clock.note(
            "s", plan("a", every: nil, failure: failure("InternalError")), plan("b", every: nil),
            plan("c", every: nil, failure: failure("Timeout")))
        clock.advance(10_000)
        var tried: Set<String> = []
        tried.formUnion(clock.schedule.takeWishes(of: VirtualClock.stream("s"), clock.now).keys.map(\.tag))
        #expect(tried == ["a", "c"])
    }

    @Test("never is never, a number is a number, and what is final is left alone")
    func limits() {
        var clock = VirtualClock()
        _ = clock.note("never", plan(every: nil, retries: .never, failure: failure("InternalError")))
        _ = clock.note("final", plan(every: nil, failure: failure("Invalid")))
        _ = clock.note("twice", plan(every: nil, retries: .atMost(2), failure: failure("InternalError")))
        for _ in 0..<20 {
            clock.advance(3_600_000)
            for name in ["never", "final", "twice"] { _ = clock.fail(name, failure("InternalError")) }
        }
        #expect(clock.imports.map(\.stream.name) == ["twice", "twice"])
        let notes = clock.schedule.retryNotes(of: VirtualClock.stream("twice"), clock.now)
        #expect(notes["1"]?.isPending == false && notes["1"]?.reason == "RetriesExhausted")
        #expect(clock.schedule.retryNotes(of: VirtualClock.stream("never"), clock.now).isEmpty)
        #expect(clock.schedule.retryNotes(of: VirtualClock.stream("final"), clock.now)["1"]?.reason == "NotRetryable")
    }

    @Test("people are told of each change once: failed, failed otherwise, good again")
    func transitions() {
        var clock = VirtualClock()
        #expect(clock.note("s", plan()).transitions.isEmpty)
        let first = clock.note("s", plan(failure: failure("InternalError", "503")))
        #expect(first.transitions.map(\.failure?.message) == ["503"])
        #expect(clock.note("s", plan(failure: failure("InternalError", "503", at: 2))).transitions.isEmpty)
        #expect(clock.note("s", plan(failure: failure("NotFound", "404"))).transitions.count == 1)
        let last = clock.note("s", plan())
        #expect(last.transitions.count == 1 && last.transitions.first?.failure == nil)
        #expect(clock.note("s", plan()).transitions.isEmpty)
        // A tag that goes is not good again.
        _ = clock.note("s", plan(failure: failure("NotFound", "404")))
        let gone = clock.schedule.note(VirtualClock.stream("s"), uid: "1", plans: [], now: clock.now) { _ in false }
        #expect(gone.transitions.isEmpty && gone.changed == [VirtualClock.key("s")])
    }

    @Test("a restart goes on counting, tells nobody again, and spreads what was missed")
    func restart() throws {
        var records: [ImportSchedule.TagKey: ImportRecord] = [:]
        var before = VirtualClock()
        for index in 0..<200 {
            _ = before.note("s\(index)", plan(every: nil, failure: failure("InternalError")))
        }
        before.advance(6_300)
        for index in 0..<200 {
            #expect(before.fail("s\(index)", failure("InternalError")) == 1)
            let key = VirtualClock.key("s\(index)")
            let record = try #require(before.schedule.tags[key]?.record)
            #expect(record.attempt == 2)
            records[key] = ImportRecord(decoding: record.encoded(of: key))
        }
        var after = VirtualClock(before.now + 600_000, records: records)
        for index in 0..<200 {
            let outcome = after.note("s\(index)", plan(every: nil, failure: failure("InternalError")))
            #expect(outcome.transitions.isEmpty)
        }
        #expect(after.schedule.caughtUp().isEmpty)
        after.advance(30_000)
        #expect(after.imports.count == 200)
        let busiest = Dictionary(grouping: after.imports, by: { $0.time / 1_000 }).values.map(\.count).max() ?? 0
        #expect(busiest < 25, "\(busiest)")
        #expect(after.schedule.tags[VirtualClock.key("s0")]?.retry?.attempt == 2)
    }

    @Test("whoever lets a tag follow something else begins anew")
    func changed() {
        var clock = VirtualClock()
        _ = clock.note("s", plan(every: nil, failure: failure("NotFound")))
        clock.advance(800_000)
        _ = clock.fail("s", failure("NotFound"))
        #expect(clock.schedule.tags[VirtualClock.key("s")]?.retry?.attempt == 2)
        _ = clock.note("s", plan(from: "r.example/other:1", every: nil, failure: failure("NotFound")))
        #expect(clock.schedule.tags[VirtualClock.key("s")]?.retry?.attempt == 1)
    }

    @Test("a failed tag says when it is tried again, unless that is in a moment")
    func noted() {
        var clock = VirtualClock()
        _ = clock.note("s", plan(every: nil, failure: failure("InternalError")))
        clock.advance(15_500)
        #expect(clock.notes.isEmpty, "the first try is in five seconds")
        _ = clock.note("t", plan(every: nil, failure: failure("NotFound", at: clock.now / 1_000)))
        clock.advance(15_500)
        #expect(clock.notes.map(\.stream.name) == ["t"])
        let note = clock.schedule.retryNotes(of: VirtualClock.stream("t"), clock.now)["1"]
        #expect(
            note?.isPending == true && note?.message.hasPrefix("attempt 1 at 1970-01-12T13:5") == true, "\(note as Any)"
        )
        // Said once.
        var said = plan(every: nil, failure: failure("NotFound", at: clock.now / 1_000))
        said.retryNote = note?.message ?? ""
        _ = clock.note("t", said)
        clock.advance(60_000)
        #expect(clock.notes.count == 1)
    }
}
