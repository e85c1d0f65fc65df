import APIMachinery
import ImageAPI
import Testing

@testable import ImageStreams

@Suite("The history of a tag")
struct TagHistoryTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var head: TagEvent?
        var added: TagEvent
        var result: [TagEvent]
        var isChanged: Bool
        var testDescription: String { "\(head.map { "\($0)" } ?? "none") + \(added)" }
    }

    static let cases: [Case] = {
        let d1 = digest("1")
        let d2 = digest("2")
        return [
            Case(head: nil, added: event("r1", d1, 4), result: [event("r1", d1, 4)], isChanged: true),
            Case(head: event("r1", d1, 2), added: event("r1", d1, 2), result: [event("r1", d1, 2)], isChanged: false),
            Case(head: event("r1", d1, 2), added: event("r1", d1, 5), result: [event("r1", d1, 5)], isChanged: true),
            Case(head: event("r1", d1, 2), added: event("r1", d2, 5), result: [event("r1", d2, 5)], isChanged: true),
            Case(head: event("r1", d1, 2), added: event("r2", d1, 5), result: [event("r2", d1, 5)], isChanged: true),
            Case(
                head: event("r1", d1, 2), added: event("r2", d2, 5),
                result: [event("r2", d2, 5), event("r1", d1, 2)], isChanged: true),
            // Reference tags have no image: pointing elsewhere rewrites the one event.
            Case(head: event("a"), added: event("b", "", 3), result: [event("b", "", 3)], isChanged: true),
        ]
    }()

    @Test("joins or takes in an event by what its head shares with it", arguments: cases)
    func add(_ test: Case) {
        var entry = NamedTagEventList(tag: "t", items: test.head.map { [$0] } ?? [])
        entry.conditions = [TagEventCondition(type: "ImportSuccess", status: "False")]
        #expect(entry.add(test.added) == test.isChanged)
        #expect(entry.items == test.result)
        #expect(entry.conditions.isEmpty == test.isChanged, "every change drops the conditions")
    }

    @Test("keeps the time of a head that is changed in place")
    func keepsTime() {
        let later = Timestamp(secondsSince1970: noon.secondsSince1970 + 60)
        var entry = NamedTagEventList(tag: "t", items: [event("r1", digest("1"))])
        entry.add(event("r2", digest("1"), 2, at: later))
        #expect(entry.items.map(\.created) == [noon])
    }

    @Test("compares with the newest event only, so that going back is an event")
    func goesBack() {
        var status = ImageStreamStatus()
        for letter in "aba" { status.addEvent(event("r\(letter)", digest(letter)), to: "t") }
        #expect(status.tag("t")?.items.map(\.dockerImageReference) == ["ra", "rb", "ra"])
    }

    @Test("stands among the other tags by the bytes of its name")
    func order() {
        var status = ImageStreamStatus()
        for name in ["b", "a", "10", "9", "B", ""] { status.addEvent(event("r"), to: name) }
        #expect(status.tags.map(\.tag) == ["", "10", "9", "B", "a", "b"])
    }
}
