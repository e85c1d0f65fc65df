import HTTPTypes
import ImageAPI
import ImageStreams
import Logging
import OCI
import Testing

@testable import Registry

@Suite("What a push may do to tags")
struct TagRuleTests {
    private static let present = stream([
        (tag: "v1", events: [event(nil), event(digest("a")), event(digest("b"))]), (tag: "none", events: []),
    ])

    private static func headers(_ match: String?, _ noneMatch: String?) -> HTTPFields {
        var headers = HTTPFields()
        headers[.ifMatch] = match
        headers[.ifNoneMatch] = noneMatch
        return headers
    }

    private static let conditionRows: [(String?, String?, String, Bool)] = [
        (nil, nil, "v1", true), (nil, nil, "new", true),
        ("\"\(digest("a"))\"", nil, "v1", true), ("\"\(digest("b"))\"", nil, "v1", false), ("*", nil, "v1", true),
        ("\"\(digest("b"))\", \"\(digest("a"))\"", nil, "v1", true),
        ("*", nil, "new", false), ("\"\(digest("a"))\"", nil, "new", false), ("*", nil, "none", false),
        ("", nil, "v1", false),
        (nil, "*", "v1", false), (nil, "*", "new", true), (nil, "*", "none", true),
        (nil, "\"\(digest("a"))\"", "v1", false), (nil, "\"\(digest("b"))\"", "v1", true),
        ("\"\(digest("a"))\"", "*", "v1", false),
    ]

    @Test("If-Match and If-None-Match are about the newest image of the tag", arguments: conditionRows)
    func conditions(_ match: String?, _ noneMatch: String?, _ tag: String, _ isTaken: Bool) {
        let conditions = PushPreconditions(Self.headers(match, noneMatch))
        let error = refusal { () throws(RegistryError) in try conditions.check([tag], in: Self.present) }
        #expect(error?.status == (isTaken ? nil : 412))
    }

    @Test("One tag that is not as expected is enough for a refusal of all")
    func several() {
        let conditions = PushPreconditions(Self.headers(nil, "*"))
        let error = refusal { () throws(RegistryError) in try conditions.check(["new", "v1"], in: Self.present) }
        #expect(error?.status == 412)
        #expect(error?.entries.first?.detail["current"]?.stringValue == digest("a").description)
    }

    private static let immutableRows: [(String, String, Character, Bool)] = [
        ("^v.*", "v1", "b", false), ("^v.*", "v1", "a", true), ("^v.*", "v2", "b", true),
        ("^v.*", "latest", "b", true), ("v", "v1", "b", true), ("v[0-9]", "v1", "b", false), (".*", "none", "b", true),
        // What cannot be read lets nothing change, what is new may come.
        ("(", "v1", "b", false), ("(", "latest", "b", false), ("(", "v1", "a", true), ("(", "v2", "b", true),
        (String(repeating: "a", count: 257), "latest", "b", false),
        (String(repeating: "a", count: 256), "latest", "b", true),
    ]

    @Test("A tag whose whole name is of the pattern keeps its image", arguments: immutableRows)
    func immutable(_ pattern: String, _ tag: String, _ image: Character, _ isTaken: Bool) throws {
        let stream = stream(
            [
                (tag: "v1", events: [event(digest("a"))]), (tag: "latest", events: [event(digest("a"))]),
                (tag: "none", events: []),
            ],
            annotations: [KnownAnnotation.immutableTags: pattern])
        let rule = try #require(ImmutableTags(stream, logger: Logger(label: "test")))
        let error = refusal { () throws(RegistryError) in try rule.check([tag], digest(image), in: stream) }
        #expect(error?.status == (isTaken ? nil : 403))
    }

    @Test(
        "A stream that says nothing has no such tags",
        arguments: [[:], [KnownAnnotation.immutableTags: ""]] as [[String: String]])
    func mutable(_ annotations: [String: String]) {
        #expect(ImmutableTags(stream([], annotations: annotations), logger: Logger(label: "test")) == nil)
    }
}
