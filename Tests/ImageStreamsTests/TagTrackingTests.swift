import APIMachinery
import ImageAPI
import Testing

@testable import ImageStreams

@Suite("Tags that follow other tags")
struct TagTrackingTests {
    private func follower(_ name: String, of source: String) -> TagReference {
        tag(name, from("ImageStreamTag", source))
    }

    @Test("a push is passed on one level")
    func oneLevel() {
        var app = stream(
            spec: [follower("a", of: "b"), follower("b", of: "c"), follower("other", of: "app:c")],
            status: ["c": [event("r", digest("a"))]])
        #expect(TagTracking.propagate(from: "c", in: &app) == ["b", "other"])
        #expect(app.status.tags.map(\.tag) == ["b", "c", "other"])
    }

    @Test("a write is passed on through whole chains")
    func chain() {
        var app = stream(
            spec: [follower("a", of: "b"), follower("b", of: "c")], status: ["c": [event("r", digest("a"), 4)]])
        TagTracking.propagateAll(in: &app, old: nil)
        #expect(app.history("a") == ["r \(digest("a")) 4"])
    }

    @Test("loops end")
    func loop() {
        var app = stream(
            spec: [follower("a", of: "b"), follower("b", of: "a"), follower("x", of: "x")],
            status: ["a": [event("r", digest("a"))], "x": [event("s", digest("b"))]])
        TagTracking.propagateAll(in: &app, old: nil)
        #expect(app.history("b") == app.history("a"))
        #expect(app.history("x") == ["s \(digest("b")) 1"])
    }

    @Test("only heads that a write changed are passed on")
    func onlyChanged() {
        let old = stream(
            spec: [follower("b", of: "a")], status: ["a": [event("r", digest("a"))], "b": [event("own", digest("b"))]])
        var app = old
        TagTracking.propagateAll(in: &app, old: old)
        #expect(app == old)
    }

    @Test(
        "a tag follows its own stream only",
        arguments: [
            ("v1", "", "v1"), ("app:v1", "", "v1"), ("app:v1", "demo", "v1"), ("other:v1", "", nil),
            ("v1", "prod", nil), ("a:b:c", "", nil),
        ] as [(String, String, String?)])
    func followed(_ name: String, _ namespace: String, _ expected: String?) {
        let reference = tag("t", from("ImageStreamTag", name, namespace: namespace))
        #expect(TagTracking.followed(by: reference, in: stream()) == expected)
    }
}
