import APIMachinery
import JSON
import Testing

@testable import ImportClient

@Suite("What came of an import")
struct ImportAnswerTests {
    private static func answer(_ status: String, wanted: [String] = []) throws -> ImportAnswer {
        ImportAnswer(
            try JSONValue.parse(Array(#"{"status":\#(status)}"#.utf8)),
            wanted: wanted.map { ImportPlan.Tag(name: $0, from: "quay.io/\($0)") })
    }

    @Test("each tag has its image, or what the server says")
    func images() throws {
        let answer = try Self.answer(
            """
            {"import":{"metadata":{"name":"app"}},"images":[
            {"tag":"x","status":{"status":"Success"},"image":{"metadata":{"name":"sha256:1"},
            "dockerImageMetadata":{"Size":1234,"Created":"2026-01-02T03:04:05Z"}}},
            {"tag":"2","status":{"status":"Failure","message":"not found","reason":"NotFound"}},
            {"tag":"3","status":{"status":"Failure","reason":"Unauthorized"}},
            {"tag":"4","status":{"status":"Success"},"image":{"metadata":{"name":"sha256:4"},
            "dockerImageMetadata":{"Size":0},"dockerImageManifests":[{},{}]}}]}
            """, wanted: ["1", "2", "3", "4", "5"])
        let time = try Timestamp(parsing: "2026-01-02T03:04:05Z")
        #expect(
            answer.tags == [
                ImportedTag(
                    name: "1", outcome: .image(.init(digest: "sha256:1", size: 1234, manifests: 0, created: time))),
                ImportedTag(name: "2", outcome: .failure("not found")),
                ImportedTag(name: "3", outcome: .failure("Unauthorized")),
                ImportedTag(
                    name: "4",
                    outcome: .image(.init(digest: "sha256:4", size: 0, manifests: 2, created: Timestamp()))),
                ImportedTag(name: "5", outcome: .failure("the server does not say what came of it")),
            ])
        #expect(answer.stream?["metadata"]?["name"] == "app" && answer.listingFailure == nil)
    }

    @Test("a repository has its tags, and names those that are left; that some fail does not make it a failure to list")
    func repository() throws {
        let answer = try Self.answer(
            """
            {"repository":{"status":{"status":"Failure","reason":"ImportFailed","message":"one of the images failed"},
            "images":[{"tag":"1","status":{"status":"Failure","message":"no"}},
            {"tag":"2","status":{"status":"Success"},"image":{"metadata":{"name":"sha256:2"}}}],
            "additionalTags":["3","4"]},"images":null}
            """)
        #expect(answer.tags.map(\.name) == ["1", "2"] && answer.tags.map(\.failure) == ["no", nil])
        #expect(answer.rest == ["3", "4"] && answer.listingFailure == nil)
        let denied = try Self.answer(
            #"{"repository":{"status":{"status":"Failure","message":"you may not pull"},"images":null}}"#)
        #expect(denied.listingFailure == "you may not pull" && denied.tags.isEmpty)
    }

    @Test(
        "warnings are shown without their wrapping",
        arguments: [
            (#"299 - "a b""#, "a b"), (#"299 - "say \"x\"""#, #"say "x""#), ("plain", "plain"),
            (#"299 - ""#, #"299 - ""#),
        ])
    func warnings(_ value: String, _ expected: String) {
        #expect(ImportRun.text(ofWarning: value) == expected)
    }
}
