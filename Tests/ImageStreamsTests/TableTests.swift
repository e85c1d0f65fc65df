import APIMachinery
import ImageAPI
import Testing

@testable import ImageStreams

@Suite("Tables")
struct TableTests {
    @Test(
        "tags of a stream are abbreviated to about forty characters",
        arguments: [
            ([], ""), (["1", "2", "3"], "1,2,3"),
            (
                (0..<50).map { $0 < 10 ? "t00\($0)" : "t0\($0)" },
                "t000,t001,t002,t003,t004,t005,t006,t007 + 42 more..."
            ),
            (
                [String(repeating: "x", count: 60), "a", "b"],
                String(repeating: "x", count: 60) + " + 2 more..."
            ),
        ] as [([String], String)])
    func abbreviated(_ tags: [String], _ text: String) {
        #expect(ImageStreamTable.abbreviated(tags) == text)
    }

    @Test("the newest tags come first, those without events last")
    func order() {
        let old = Timestamp(secondsSince1970: noon.secondsSince1970 - 60)
        var app = stream(status: ["b": [event("r")], "a": [event("r")], "c": [event("r", at: old)]])
        app.status.withTag("0") { $0.conditions = [TagEventCondition(type: "ImportSuccess", status: "False")] }
        #expect(ImageStreamTable.tags(of: app) == "a,b,c,0")
        #expect(ImageStreamTable.updated(app, now: noon) == "Less than a second ago")
        #expect(ImageStreamTable.updated(stream(), now: noon) == "")
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var spec: TagReference?
        var items: [TagEvent]?
        var cells: [String]
        var testDescription: String { cells.joined(separator: " | ") }
    }

    static let cases: [Case] = {
        let d1 = digest("1")
        let d2 = digest("2")
        func image(_ generation: Int64?) -> TagReference {
            tag("t", from("ImageStreamImage", "a@\(d1)"), generation: generation)
        }
        return [
            Case(spec: nil, items: nil, cells: ["", "", "0"]),
            Case(spec: tag("t", from("", "")), items: nil, cells: ["Tag", "InvalidRefKind", "0"]),
            Case(
                spec: tag("t", from("DockerImage", "a/b:c"), reference: true), items: nil, cells: ["Ref", "a/b:c", "0"]),
            Case(spec: tag("t", from("ImageStreamTag", "b:c")), items: nil, cells: ["Tag", "istag/b:c", "0"]),
            Case(
                spec: tag("t", from("ImageStreamTag", "b:c", namespace: "a"), scheduled: true), items: nil,
                cells: ["Scheduled", "istag a/b:c", "0"]),
            Case(
                spec: tag("t", from("ImageStreamImage", "sha256:00")), items: nil,
                cells: ["Tag", "InvalidRefName", "0"]),
            Case(spec: image(2), items: [event("r", d1, 1)], cells: ["Tag", "Importing", "1"]),
            Case(spec: image(2), items: [event("r", d1, 2), event("q", d2, 1)], cells: ["Tag", "image/\(d1)", "2"]),
            Case(spec: nil, items: [event("r", d1, 1)], cells: ["Push", "image/\(d1)", "1"]),
            Case(spec: tag("t"), items: [event("r", d1, 1)], cells: ["Push", "image/\(d1)", "1"]),
            Case(spec: image(3), items: [event("r", d2, 4)], cells: ["Push", "image/\(d2)", "1"]),
            Case(
                spec: tag("t", from("ImageStreamTag", "other"), generation: 1), items: [event("r", d2, 2)],
                cells: ["Track", "image/\(d2)", "1"]),
            Case(spec: nil, items: [event("r", "", 1)], cells: ["Push", "r", "1"]),
        ]
    }()

    @Test("a tag is described by what it wants and has", arguments: cases)
    func imageTag(_ test: Case) {
        var object = ImageTag(spec: test.spec)
        if let items = test.items { object.status = NamedTagEventList(tag: "t", items: items) }
        let state = ImageTagTable.State(object)
        #expect([state.spec, state.status, "\(state.history)"] == test.cells)
    }

    @Test("a failed import shows, and dates the tag")
    func failedImport() {
        var object = ImageTag(spec: tag("t", from("ImageStreamImage", "a@\(digest("1"))")))
        object.status = NamedTagEventList(
            tag: "t",
            conditions: [
                TagEventCondition(type: "ImportSuccess", status: "False", lastTransitionTime: noon, reason: "X")
            ])
        let state = ImageTagTable.State(object)
        #expect([state.spec, state.status] == ["Tag", "ImportFailed (X)"])
        #expect(state.updated == noon && state.history == 0)
    }
}
