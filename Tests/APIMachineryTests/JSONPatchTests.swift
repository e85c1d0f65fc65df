import APIMachinery
import JSON
import Testing

@Suite("JSON patch")
struct JSONPatchTests {
    private static func apply(_ patch: String, to document: String) throws -> String {
        let patched = try JSONPatch(try JSONValue.parse(patch)).apply(to: try JSONValue.parse(document))
        return patched.sortedDescription
    }

    @Test(
        "does what its operations say, one after the other",
        arguments: [
            (#"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux"}]"#, #"{"baz":"qux","foo":"bar"}"#),
            (#"{"foo":["bar","baz"]}"#, #"[{"op":"add","path":"/foo/1","value":"q"}]"#, #"{"foo":["bar","q","baz"]}"#),
            (#"{"foo":[1,2]}"#, #"[{"op":"add","path":"/foo/2","value":3}]"#, #"{"foo":[1,2,3]}"#),
            (#"{"foo":[1]}"#, #"[{"op":"add","path":"/foo/-","value":[2]}]"#, #"{"foo":[1,[2]]}"#),
            (#"{"a":1}"#, #"[{"op":"add","path":"/a","value":2}]"#, #"{"a":2}"#),
            (#"{"a":1}"#, #"[{"op":"add","path":"/b"}]"#, #"{"a":1,"b":null}"#),
            (#"{"a":1}"#, #"[{"op":"add","path":"","value":[1]}]"#, "[1]"),
            (#"{"a":1,"b":2}"#, #"[{"op":"remove","path":"/a"}]"#, #"{"b":2}"#),
            (#"{"a":[1,2,3]}"#, #"[{"op":"remove","path":"/a/1"}]"#, #"{"a":[1,3]}"#),
            (#"{"a":[1,2,3]}"#, #"[{"op":"remove","path":"/a/-1"}]"#, #"{"a":[1,2]}"#),
            (#"{"a":[1,2]}"#, #"[{"op":"add","path":"/a/-1","value":3}]"#, #"{"a":[1,2,3]}"#),
            (#"{"a":1}"#, #"[{"op":"replace","path":"/a","value":"x"}]"#, #"{"a":"x"}"#),
            (#"{"a":1}"#, #"[{"op":"replace","path":"/b","value":"x"}]"#, #"{"a":1,"b":"x"}"#),
            (#"{"a":[1,2]}"#, #"[{"op":"replace","path":"/a/0","value":0}]"#, #"{"a":[0,2]}"#),
            (#"{"a":{"x":1},"b":{}}"#, #"[{"op":"move","from":"/a/x","path":"/b/y"}]"#, #"{"a":{},"b":{"y":1}}"#),
            (#"{"a":[1,2,3]}"#, #"[{"op":"move","from":"/a/0","path":"/a/2"}]"#, #"{"a":[2,3,1]}"#),
            (#"{"a":{"x":1}}"#, #"[{"op":"move","from":"/a","path":"/a"}]"#, #"{"a":{"x":1}}"#),
            (#"{"a":{"x":1}}"#, #"[{"op":"copy","from":"/a","path":"/b"}]"#, #"{"a":{"x":1},"b":{"x":1}}"#),
            (#"{"a":1}"#, #"[{"op":"copy","from":"","path":"/b"}]"#, #"{"a":1,"b":{"a":1}}"#),
            (
                #"{"a/b":1,"m~n":2}"#, #"[{"op":"test","path":"/a~1b","value":1},{"op":"remove","path":"/m~0n"}]"#,
                #"{"a/b":1}"#
            ),
            (#"{"~1":1}"#, #"[{"op":"remove","path":"/~01"}]"#, "{}"),
            (#"{"":{"":1}}"#, #"[{"op":"replace","path":"//","value":2}]"#, #"{"":{"":2}}"#),
            (
                #"{"a":{"x":1,"y":[2]}}"#, #"[{"op":"test","path":"/a","value":{"y":[2],"x":1}}]"#,
                #"{"a":{"x":1,"y":[2]}}"#
            ),
            (#"{"a":null}"#, #"[{"op":"test","path":"/a","value":null}]"#, #"{"a":null}"#),
            ("{}", "[]", "{}"),
        ])
    func application(_ document: String, _ patch: String, _ result: String) throws {
        #expect(try Self.apply(patch, to: document) == result)
    }

    @Test(
        "that does not fit is refused whole",
        arguments: [
            (#"{"a":1}"#, #"[{"op":"add","path":"/b/c","value":1}]"#),
            (#"{"a":1}"#, #"[{"op":"add","path":"/a/c","value":1}]"#),
            (#"{"a":[1]}"#, #"[{"op":"add","path":"/a/2","value":1}]"#),
            (#"{"a":[1]}"#, #"[{"op":"add","path":"/a/-3","value":1}]"#),
            (#"{"a":[1]}"#, #"[{"op":"add","path":"/a/x","value":1}]"#),
            (#"{"a":[1]}"#, #"[{"op":"add","path":"/a/1e0","value":1}]"#),
            (#"{"a":[1]}"#, #"[{"op":"add","path":"/a/99999999999999999999","value":1}]"#),
            (#"{"a":[1]}"#, #"[{"op":"remove","path":"/a/-"}]"#),
            (#"{"a":1}"#, #"[{"op":"remove","path":"/b"}]"#),
            (#"{"a":1}"#, #"[{"op":"remove","path":""}]"#),
            (#"{"a":1}"#, #"[{"op":"test","path":"/a","value":"1"}]"#),
            (#"{"a":1}"#, #"[{"op":"test","path":"/b/c","value":1}]"#),
            (#"{"a":1}"#, #"[{"op":"move","from":"/b","path":"/c"}]"#),
            (#"{"a":{"b":1}}"#, #"[{"op":"move","from":"/a","path":"/a/b"}]"#),
            (#"{"a":1}"#, #"[{"op":"copy","path":"/c"}]"#),
            (#"{"a":1}"#, #"[{"op":"frob","path":"/a"}]"#),
            (#"{"a":1}"#, #"[{"path":"/a"}]"#),
            (#"{"a":1}"#, #"[{"op":"remove"}]"#),
            (#"{"a":1}"#, #"[{"op":"remove","path":"a"}]"#),
            ("[]", #"[{"op":"test","path":"/-9223372036854775808","value":null}]"#),
        ])
    func notApplicable(_ document: String, _ patch: String) throws {
        let error = #expect(throws: JSONPatch.Failure.self) { try Self.apply(patch, to: document) }
        guard case .notApplicable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("that is none is refused with the decoder's words")
    func malformed() {
        let expected: [(String, String)] = [
            ("{}", "json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
            ("7", "json: cannot unmarshal number into Go value of type []handlers.jsonPatchOp"),
            ("[7]", "json: cannot unmarshal number into Go value of type handlers.jsonPatchOp"),
        ]
        for (text, message) in expected {
            #expect(throws: JSONPatch.Failure.malformed(message)) { try JSONPatch(try JSONValue.parse(text)) }
        }
    }

    @Test("tells of members it does not know")
    func unknownFields() throws {
        let patch = try JSONPatch(
            try JSONValue.parse(#"[{"op":"add","path":"/a","value":1},{"op":"remove","path":"/a","foo":1}]"#))
        #expect(patch.unknownFields == [#"json patch unknown field "[1].foo""#])
    }

    @Test("has at most 10,000 operations")
    func operations() throws {
        let operation: JSONValue = ["op": "add", "path": "/a/-", "value": 1]
        let full = try JSONPatch(.array([JSONValue](repeating: operation, count: 10_000)))
        #expect(try full.apply(to: ["a": []])["a"]?.arrayValue?.count == 10_000)
        #expect(throws: JSONPatch.Failure.tooManyOperations(10_001)) {
            try JSONPatch(.array([JSONValue](repeating: operation, count: 10_001)))
        }
    }

    @Test("cannot grow a document beyond measure by copying", .timeLimit(.minutes(1)))
    func copies() throws {
        let double: JSONValue = ["op": "copy", "from": "/a", "path": "/a/-"]
        let patch = try JSONPatch(.array([JSONValue](repeating: double, count: 10_000)))
        #expect(throws: JSONPatch.Failure.notApplicable("copies are too large")) {
            try patch.apply(to: ["a": [.string(String(repeating: "x", count: 1_000))]])
        }
        // Allowed as long as the sum is.
        let few = try JSONPatch(.array([JSONValue](repeating: double, count: 10)))
        #expect(try few.apply(to: ["a": ["x"]])["a"]?.arrayValue?.count == 11)
    }

    @Test("reaches to the bottom of the deepest document")
    func depth() throws {
        let document = try nested(10_000)
        let bottom = String(repeating: "/a", count: 9_999)
        let patch = try JSONPatch([
            ["op": "add", "path": .string(bottom + "/x"), "value": 1],
            ["op": "test", "path": .string(bottom + "/x"), "value": 1],
            ["op": "replace", "path": .string(bottom + "/x"), "value": 2],
            ["op": "move", "from": .string(bottom + "/x"), "path": .string(bottom + "/y")],
            ["op": "remove", "path": .string(bottom + "/y")],
        ])
        #expect(try patch.apply(to: document) == document)
    }

    @Test("cannot make a document too deep to be read", .timeLimit(.minutes(1)))
    func tooDeep() throws {
        // Each copy into its own bottom doubles the depth: 160,000 levels out of 600 KB.
        var operations: [JSONValue] = []
        var depth = 10_000
        for _ in 0..<4 {
            operations.append(["op": "copy", "from": "/a", "path": .string(String(repeating: "/a", count: depth))])
            depth += depth - 1
        }
        #expect(throws: JSONPatch.Failure.notApplicable("the result is too deep")) {
            try JSONPatch(.array(operations)).apply(to: try nested(10_000))
        }
        // What was too deep on the way does not matter.
        operations.append(["op": "remove", "path": "/a"])
        #expect(try JSONPatch(.array(operations)).apply(to: try nested(10_000)) == [:])
    }
}
