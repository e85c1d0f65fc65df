import Testing

@testable import Importing

@Suite("Signature documents of registries")
struct SignatureExtensionTests {
    @Test(
        "hold the signatures of the known version and type",
        arguments: [
            (#"{"signatures":[{"schemaVersion":2,"name":"n","type":"atomic","content":"YWJj"}]}"#, ["abc"]),
            (
                #"{"signatures":[{"schemaVersion":2,"type":"atomic","content":"Yg=="},{"schemaVersion":2,"type":"atomic","content":"YQ=="}]}"#,
                ["b", "a"]
            ),
            (#"{"signatures":[{"schemaVersion":1,"type":"atomic","content":"YWJj"}]}"#, []),
            (#"{"signatures":[{"schemaVersion":"2","type":"atomic","content":"YWJj"}]}"#, []),
            (#"{"signatures":[{"type":"atomic","content":"YWJj"}]}"#, []),
            (#"{"signatures":[{"schemaVersion":2,"type":"cosign","content":"YWJj"}]}"#, []),
            (#"{"signatures":[{"schemaVersion":2,"content":"YWJj"}]}"#, []),
            (#"{"signatures":[{"schemaVersion":2,"type":"atomic","content":"no base64!"}]}"#, []),
            (#"{"signatures":[{"schemaVersion":2,"type":"atomic","content":"YWJ"}]}"#, []),
            (#"{"signatures":[{"schemaVersion":2,"type":"atomic","content":""}]}"#, []),
            (#"{"signatures":[{"schemaVersion":2,"type":"atomic"}]}"#, []),
            (#"{"signatures":[{"schemaVersion":2,"type":"atomic","content":[1]}]}"#, []),
            (#"{"signatures":[1,null,"x",[],{},{"schemaVersion":2,"type":"atomic","content":"YQ=="}]}"#, ["a"]),
            (#"{"signatures":null}"#, []), (#"{"signatures":{}}"#, []), ("{}", []), ("[]", []), ("null", []),
            ("", []), ("<html>", []), (#"{"signatures":["#, []), (String(repeating: "[", count: 100_000), []),
        ])
    func documents(text: String, expected: [String]) {
        let found = SignatureExtension.signatures(in: Array(text.utf8))
        #expect(found.map { String(decoding: $0, as: UTF8.self) } == expected)
    }
}
