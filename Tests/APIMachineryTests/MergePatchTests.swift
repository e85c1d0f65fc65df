import APIMachinery
import JSON
import Testing

@Suite("Merge patch")
struct MergePatchTests {
    /// The cases that RFC 7396 lists, and some of our own.
    @Test(
        "replaces, merges and deletes",
        arguments: [
            (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
            (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
            (#"{"a":"b"}"#, #"{"a":null}"#, "{}"),
            (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
            (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
            (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
            (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
            (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
            (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#),
            (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#),
            (#"{"a":"foo"}"#, "null", "null"),
            (#"{"a":"foo"}"#, #""bar""#, #""bar""#),
            (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
            ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
            ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
            ("null", #"{"a":{"b":[{"c":null}]}}"#, #"{"a":{"b":[{"c":null}]}}"#),
            (#"{"a":{"x":1},"b":2}"#, #"{"a":{"y":{"z":3}}}"#, #"{"a":{"x":1,"y":{"z":3}},"b":2}"#),
            (#"{"a":1}"#, #"{"a":{"b":{}}}"#, #"{"a":{"b":{}}}"#),
            ("{}", "{}", "{}"),
        ])
    func application(_ target: String, _ patch: String, _ result: String) throws {
        #expect(
            MergePatch.apply(try JSONValue.parse(patch), to: try JSONValue.parse(target)).description == result)
    }

    @Test("goes as deep as documents may be")
    func depth() throws {
        let merged = MergePatch.apply(try nested(9_999, core: #"{"y":2}"#), to: try nested(9_999, core: #"{"x":1}"#))
        #expect(merged == (try nested(9_999, core: #"{"x":1,"y":2}"#)))
        #expect(MergePatch.apply(try nested(9_999), to: .null) == (try nested(9_999)))
    }
}
