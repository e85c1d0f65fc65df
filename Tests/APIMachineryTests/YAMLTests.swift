import JSON
import Testing

@testable import APIMachinery

@Suite("YAML")
struct YAMLTests {
    private static func json(_ text: String) throws -> String { try YAML.parse(text).value.description }

    @Test(
        "resolves plain scalars as Kubernetes does",
        arguments: [
            ("", "null"), ("~", "null"), ("null", "null"), ("NULL", "null"), ("nUll", "\"nUll\""),
            ("true", "true"), ("True", "true"), ("yes", "true"), ("Yes", "true"), ("on", "true"), ("y", "true"),
            ("no", "false"), ("OFF", "false"), ("n", "false"), ("yEs", "\"yEs\""),
            ("0", "0"), ("-0", "0"), ("12", "12"), ("+12", "12"), ("-12", "-12"), ("1_000", "1000"),
            ("012", "10"), ("0o12", "10"), ("0x1F", "31"), ("-0x1f", "-31"), ("0b101", "5"), ("08", "8"),
            ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
            ("1.5", "1.5"), (".5", "0.5"), ("1.", "1"), ("1e3", "1000"), ("-1.5e-3", "-0.0015"),
            ("1.2.3", "\"1.2.3\""), ("1e", "\"1e\""), ("-", "[null]"), ("0x", "\"0x\""), ("0b2", "\"0b2\""),
            ("2001-02-03", "\"2001-02-03\""), ("2001-02-03T04:05:06Z", "\"2001-02-03T04:05:06Z\""),
            ("1:20", "\"1:20\""), ("<<", #""\u003c\u003c""#), ("=", "\"=\""),
            ("\"yes\"", "\"yes\""), ("'12'", "\"12\""), ("|\n  12\n", "\"12\\n\""), (">-\n  no\n", "\"no\""),
            ("!!str 12", "\"12\""), ("! 12", "\"12\""), ("!!int 12", "12"),
        ])
    func scalars(_ text: String, _ value: String) throws {
        #expect(try Self.json(text) == value)
    }

    @Test(
        "reads the forms of collections",
        arguments: [
            ("a: 1\nb: [x, z]\nc: {d: ~}\n", #"{"a":1,"b":["x","z"],"c":{"d":null}}"#),
            ("- a: 1\n  b: 2\n-\n  - 3\n", #"[{"a":1,"b":2},[3]]"#),
            ("1: a\nyes: b\n~: c\n1.50: d\n", #"{"1":"a","true":"b","null":"c","1.5":"d"}"#),
            ("a: &x {b: 1}\nc: *x\n", #"{"a":{"b":1},"c":{"b":1}}"#),
            ("a: &k key\n*k : 1\n", #"{"a":"key","key":1}"#),
            ("a: &k 7\n*k : 1\n", #"{"a":7,"7":1}"#),
            ("&k key: *k\n", #"{"key":"key"}"#),
            ("# only a comment\n", "null"),
            ("---\na: 1\n---\nb: 2\n", #"{"a":1}"#),
            ("%YAML 1.1\n---\na: 1\n", #"{"a":1}"#),
            ("{\"a\": [1, \"b\"]}", #"{"a":[1,"b"]}"#),
            ("\u{FEFF}a: 1\n", #"{"a":1}"#),
            ("a: \"\\u00e9\\x41\\n\"\n", #"{"a":"éA\n"}"#),
        ])
    func collections(_ text: String, _ value: String) throws {
        #expect(try Self.json(text) == value)
    }

    @Test(
        "refuses what is none with a line",
        arguments: [
            ("kind: [ImageStream\n", "yaml: line 1: did not find expected ',' or ']'"),
            ("a: *nope\n", "yaml: unknown anchor 'nope' referenced"),
            ("*nope : a\n", "yaml: unknown anchor 'nope' referenced"),
            ("? [a]\n: b\n", "yaml: line 1: unsupported map key"),
            ("a: &x [1]\n*x : b\n", "yaml: line 2: unsupported map key"),
            ("a: &x [*x]\n", "yaml: unknown anchor 'x' referenced"),
        ])
    func refusal(_ text: String, _ message: String) {
        let error = #expect(throws: YAML.Failure.self) { try YAML.parse(text) }
        #expect(error?.text == message)
    }

    @Test(
        "refuses broken text",
        arguments: ["a: b: c", "\tx", "a: 'b", "\"\\q\"", "- a\nb", "@x", "a: \u{1}", "%TAG", "&", "*", "}"])
    func broken(_ text: String) {
        #expect(throws: YAML.Failure.self) { try YAML.parse(text) }
    }

    @Test("tells of keys that are set twice; the later one counts")
    func duplicates() throws {
        let document = try YAML.parse("a: 1\nb: {c: 1, c: 2}\na: 3\n1: x\n'1': z\n")
        #expect(document.value == ["a": 3, "b": ["c": 2], "1": "z"])
        #expect(
            document.duplicateKeys == [
                #"line 2: key "c" already set in map"#, #"line 3: key "a" already set in map"#,
                #"line 5: key "1" already set in map"#,
            ])
    }
}
