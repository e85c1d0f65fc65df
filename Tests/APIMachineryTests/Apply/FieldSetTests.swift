import JSON
import Testing

@testable import APIMachinery

@Suite("Field sets")
struct FieldSetTests {
    private func set(_ text: String) throws -> FieldSet {
        try FieldSet(fieldsV1: try RawJSON(parsing: Array(text.utf8)))
    }

    private func text(_ set: FieldSet) -> String { String(decoding: set.fieldsV1.bytes, as: UTF8.self) }

    @Test(
        "FieldsV1 is written in one way only",
        arguments: [
            (#"{}"#, #"{}"#),
            (#"{"f:b":{},"f:a":{"f:x":{},".":{}}}"#, #"{"f:a":{".":{},"f:x":{}},"f:b":{}}"#),
            (
                #"{"f:t":{"i:10":{},"i:9":{},"v:\"x\"":{},"v:1":{},"v:true":{},"k:{\"b\":1,\"a\":\"x\"}":{},"f:z":{}}}"#,
                #"{"f:t":{"f:z":{},"k:{\"a\":\"x\",\"b\":1}":{},"v:1":{},"v:\"x\"":{},"v:true":{},"i:9":{},"i:10":{}}}"#
            ),
            (#"{"f:a":{".":{}}}"#, #"{"f:a":{}}"#),
            (#"{"f:é":{},"f:e\u0301":{}}"#, "{\"f:e\u{301}\":{},\"f:é\":{}}"),
        ])
    func written(_ read: String, _ written: String) throws {
        #expect(text(try set(read)) == written)
        #expect(text(try set(written)) == written)
    }

    @Test(
        "What is no FieldsV1 is refused",
        arguments: [
            #"[]"#, #"{"x":{}}"#, #"{"f:a":1}"#, #"{"k:x":{}}"#, #"{"k:[1]":{}}"#, #"{"v:":{}}"#, #"{"i:x":{}}"#,
            #"{"q:a":{}}"#,
        ])
    func refused(_ text: String) {
        #expect(throws: JSONError.self) { try set(text) }
    }

    @Test("A set of thousands of levels is refused, not walked")
    func deep() throws {
        let depth = 9_000
        let text = String(repeating: #"{"f:a":"#, count: depth) + "{}" + String(repeating: "}", count: depth)
        #expect(throws: JSONError.self) { try set(text) }
    }

    @Test("Sets are joined, cut and intersected path by path")
    func operations() throws {
        let left = try set(#"{"f:a":{".":{},"f:x":{},"f:y":{}},"f:b":{}}"#)
        let right = try set(#"{"f:a":{"f:x":{},"f:z":{}},"f:c":{}}"#)
        #expect(text(left.union(right)) == #"{"f:a":{".":{},"f:x":{},"f:y":{},"f:z":{}},"f:b":{},"f:c":{}}"#)
        #expect(text(left.subtracting(right)) == #"{"f:a":{".":{},"f:y":{}},"f:b":{}}"#)
        #expect(text(left.intersection(right)) == #"{"f:a":{"f:x":{}}}"#)
        #expect(text(left.subtractingTrees(try set(#"{"f:a":{}}"#))) == #"{"f:b":{}}"#)
        #expect(text(left.subtracting(try set(#"{"f:a":{}}"#))) == #"{"f:a":{"f:x":{},"f:y":{}},"f:b":{}}"#)
        #expect(left.intersection(right).isSubset(of: left))
        #expect(!left.isSubset(of: right))
        #expect(left.contains(FieldPath("a", "x")) && left.contains(FieldPath("a")))
        #expect(!right.contains(FieldPath("a")) && !right.contains(FieldPath("a", "x", "y")))
    }

    @Test("Paths print as conflicts show them")
    func texts() throws {
        let paths = try set(
            #"{"f:b":{},"f:a":{".":{},"k:{\"port\":80,\"protocol\":\"TCP\"}":{},"v:\"x\"":{},"i:3":{}}}"#
        ).paths.map(\.description)
        #expect(paths == [".a", ".b", #".a[port=80,protocol="TCP"]"#, #".a[="x"]"#, ".a[3]"])
    }

    @Test("Random sets survive FieldsV1 and obey the laws of sets", arguments: 0..<40)
    func laws(_ seed: UInt64) throws {
        var random = SeededRandom(seed)
        for _ in 0..<25 {
            let left = RandomTree.fieldSet(&random)
            let right = RandomTree.fieldSet(&random)
            #expect(try FieldSet(fieldsV1: left.fieldsV1) == left)
            #expect(left.union(right) == right.union(left))
            #expect(left.subtracting(right).union(left.intersection(right)) == left)
            #expect(left.subtracting(right).intersection(right).isEmpty)
            #expect(left.isSubset(of: left.union(right)))
            #expect(FieldSet(left.paths.shuffled(using: &random)) == left)
        }
    }
}
