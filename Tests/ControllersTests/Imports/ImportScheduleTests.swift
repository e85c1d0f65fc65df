import ImageStreams
import Testing

@testable import Controllers

@Suite("The schedule of imports")
struct ImportScheduleTests {
    @Test("a thousand tags with mixed intervals come each within its window, spread out")
    func windows() {
        var clock = VirtualClock()
        let intervals: [Int64] = [60, 300, 900, 3_600]
        for index in 0..<1_000 {
            _ = clock.note("s\(index)", plan(from: "r.example/app\(index):1", every: intervals[index % 4], jitter: 30))
        }
        clock.advance(4 * 3_600_000)
        let times = Dictionary(grouping: clock.checks, by: \.group.source).mapValues { $0.map(\.time) }
        #expect(times.count == 1_000)
        for index in 0..<1_000 {
            let interval = intervals[index % 4] * 1_000
            guard let own = times["r.example/app\(index):1"] else { continue }
            #expect(abs(Int64(own.count) - 4 * 3_600_000 / interval) <= 1)
            #expect(own[0] - 1_000_000_000 <= interval + 30_000)
            for (first, second) in zip(own, own.dropFirst()) {
                #expect(abs(second - first - interval) <= 30_000)
            }
        }
        // No herd: in no second more than a few.
        let busiest = Dictionary(grouping: clock.checks, by: { $0.time / 1_000 }).values.map(\.count).max() ?? 0
        #expect(busiest < 30, "\(busiest)")
    }

    @Test("five hundred streams on one upstream tag are one check an interval")
    func sharing() {
        var clock = VirtualClock()
        for index in 0..<500 { _ = clock.note("s\(index)", plan()) }
        clock.advance(10 * 900_000)
        #expect(clock.checks.count == 10)
        #expect(clock.schedule.groups.values.first?.members.count == 500)
        // Another interval is another group; who leaves takes nobody along.
        _ = clock.note("s0", plan(every: 300))
        #expect(clock.schedule.groups.count == 2)
        _ = clock.schedule.remove(VirtualClock.stream("s0"))
        #expect(clock.schedule.groups.count == 1 && clock.schedule.groups.values.first?.members.count == 499)
    }

    @Test("changes of a stream neither postpone its tags nor bring them forward")
    func stable() {
        var clock = VirtualClock()
        _ = clock.note("s", plan())
        let due = clock.schedule.nextDue
        for _ in 0..<50 {
            clock.advance(1_000)
            _ = clock.note("s", plan(image: "sha256:\(clock.now)"))
        }
        #expect(due == clock.schedule.nextDue || clock.checks.count == 1)
    }

    @Test("after a restart the times are the same, and what was missed is done soon, once, and not all at once")
    func restart() {
        var before = VirtualClock()
        for index in 0..<400 { _ = before.note("s\(index)", plan(from: "r.example/app\(index):1")) }
        before.advance(3_600_000)
        let mark = before.schedule.watermark(before.now)
        #expect(mark == before.now)
        // Down for half an interval.
        var after = VirtualClock(before.now + 450_000, from: mark)
        for index in 0..<400 { _ = after.note("s\(index)", plan(from: "r.example/app\(index):1")) }
        _ = after.schedule.caughtUp()
        before.advance(450_000)
        let missed = Set(before.checks.filter { $0.time > mark }.map(\.group))
        #expect((150...250).contains(missed.count), "\(missed.count)")
        after.advance(300_000)
        let early = after.checks.filter { missed.contains($0.group) }
        #expect(Set(early.map(\.group)) == missed, "nothing is forgotten")
        let busiest = Dictionary(grouping: early, by: { $0.time / 1_000 }).values.map(\.count).max() ?? 0
        #expect(busiest < 12, "no herd: \(busiest)")
        // Afterwards both follow the same times.
        after.advance(600_000)
        before.advance(900_000)
        let later = before.now - 500_000
        let left = Set(before.checks.filter { $0.time > later }.map { "\($0.time) \($0.group.source)" })
        let right = Set(after.checks.filter { $0.time > later }.map { "\($0.time) \($0.group.source)" })
        #expect(left == right && !left.isEmpty)
    }

    @Test("without a restart nothing is missed: what begins has its first look in its turn")
    func first() {
        var clock = VirtualClock(from: 0)
        _ = clock.schedule.caughtUp()
        _ = clock.note("s", plan())
        #expect(clock.schedule.nextDue.map { $0 > clock.now } == true)
    }

    @Test("until a check and what follows from it are done, a crash makes it be done again")
    func watermark() {
        var clock = VirtualClock()
        _ = clock.note("s", plan())
        while clock.schedule.takeDue(clock.now).isEmpty { clock.now = clock.schedule.nextDue ?? clock.now }
        let due = clock.now
        guard let group = clock.schedule.groups.keys.first else { return }
        clock.now += 5_000
        #expect(clock.schedule.watermark(clock.now) == due)
        let found = clock.schedule.checked(group, [VirtualClock.key("s")], digest: "sha256:b", now: clock.now) { _ in
            nil
        }
        #expect(found.wanting == [VirtualClock.stream("s")])
        clock.schedule.ended(group)
        #expect(clock.schedule.watermark(clock.now) == due, "the import is still to come")
        #expect(
            clock.schedule.takeWishes(of: VirtualClock.stream("s"), clock.now) == [
                VirtualClock.key("s"): .changed("sha256:b")
            ])
        for (digest, isNews) in [("sha256:b", false), ("sha256:c", true)] {
            let found = clock.schedule.checked(
                group, [VirtualClock.key("s")], digest: digest, now: clock.now
            ) { _ in nil }
            #expect(found.wanting.isEmpty != isNews, "\(digest), while the import of sha256:b runs")
            #expect(found.changed.isEmpty)
        }
        _ = clock.schedule.takeWishes(of: VirtualClock.stream("s"), clock.now)
        _ = clock.schedule.succeeded(VirtualClock.key("s"), image: "sha256:b", list: "")
        #expect(clock.schedule.watermark(clock.now) == clock.now)
    }

    @Test("a registry that wants to be left alone is, and then not overrun")
    func postponed() {
        var clock = VirtualClock()
        for index in 0..<50 { _ = clock.note("s\(index)", plan(from: "r.example/app\(index):1")) }
        let until = clock.now + 7_200_000
        for group in clock.schedule.groups.keys { clock.schedule.postpone(group, until: until) }
        clock.advance(7_199_999)
        #expect(clock.checks.isEmpty)
        clock.advance(61_000)
        #expect(Set(clock.checks.map(\.group)).count == 50)
        #expect(Set(clock.checks.map { $0.time / 1_000 }).count > 20)
    }

    @Test("a list whose image the tag has is no news, and is remembered")
    func lists() {
        var clock = VirtualClock()
        _ = clock.note("s", plan())
        guard let group = clock.schedule.groups.keys.first else { return }
        let key = VirtualClock.key("s")
        var found = clock.schedule.checked(group, [key], digest: "sha256:list", now: clock.now) { _ in "sha256:a" }
        #expect(found.wanting.isEmpty && found.changed == [key])
        found = clock.schedule.checked(group, [key], digest: "sha256:list", now: clock.now) { _ in nil }
        #expect(found.wanting.isEmpty && found.changed.isEmpty)
        found = clock.schedule.checked(group, [key], digest: "sha256:other", now: clock.now) { _ in nil }
        #expect(found.wanting == [key.stream])
        // A tag that somebody pushed to has something else than the list.
        _ = clock.note("s", plan(image: "sha256:pushed"))
        _ = clock.schedule.takeWishes(of: key.stream, clock.now)
        found = clock.schedule.checked(group, [key], digest: "sha256:list", now: clock.now) { _ in nil }
        #expect(found.wanting == [key.stream])
    }
}
