import JSON
import Testing

@Suite("The grammar")
struct GrammarTests {
    @Test(
        "Valid text is accepted",
        arguments: [
            "null", "true", "false", "0", "-0", "12", "-12", "1.5", "1e3", "1E+3", "1e-3", "0.0", "0e1", "123.456e78",
            #""""#, #""a""#, #""\"\\\/\b\f\n\r\t""#, #""\u0041""#, #""\u00e9\uD83D\uDE00""#, #""\u0000""#,
            "\"\u{7F}\"", "\"é€😀\"", "\"\u{2028}\"", "[]", "[ ]", "[1]", "[1,2]", "[null,true]", "[[],[[]]]", "{}",
            "{ }", #"{"a":1}"#, #"{"":0}"#, #"{"a":{"b":[{}]}}"#, #"{"a":1,"a":2}"#, " \t\r\n1 \t\r\n",
            #" { "a" : [ 1 , 2 ] , "b" : null } "#, "[1\n]", "[-1.0e-10]", "[123456789012345678901234567890]",
            #"{"\u0061":1}"#, #"["\uD800"]"#, #"["\uDC00\uD800"]"#, #"["\uD800\u0041"]"#,
        ])
    func accepted(_ text: String) throws {
        _ = try JSONValue.parse(text)
        try JSONReader.withReader(bytes(text)) { (reader) throws(JSONError) in
            try reader.skipValue()
            try reader.finish()
        }
    }

    static let rejected: [(String, String)] = [
        ("", "unexpected end of JSON input"),
        (" ", "unexpected end of JSON input"),
        ("h", "invalid character 'h' looking for beginning of value"),
        ("nul", "unexpected end of JSON input"),
        ("nulx", "invalid character 'x' in literal null (expecting 'l')"),
        ("txue", "invalid character 'x' in literal true (expecting 'r')"),
        ("falsy", "invalid character 'y' in literal false (expecting 'e')"),
        ("truee", "invalid character 'e' after top-level value"),
        ("{}{", "invalid character '{' after top-level value"),
        ("1 2", "invalid character '2' after top-level value"),
        ("]", "invalid character ']' looking for beginning of value"),
        ("[", "unexpected end of JSON input"),
        ("[1", "unexpected end of JSON input"),
        ("[1,", "unexpected end of JSON input"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ("[,1]", "invalid character ',' looking for beginning of value"),
        ("[1 2]", "invalid character '2' after array element"),
        ("[1}", "invalid character '}' after array element"),
        ("[1:2]", "invalid character ':' after array element"),
        ("{", "unexpected end of JSON input"),
        ("{]", "invalid character ']' looking for beginning of object key string"),
        ("{,}", "invalid character ',' looking for beginning of object key string"),
        (#"{"a":1,}"#, "invalid character '}' looking for beginning of object key string"),
        ("{1:2}", "invalid character '1' looking for beginning of object key string"),
        ("{'a':1}", #"invalid character '\'' looking for beginning of object key string"#),
        (#"{"a",}"#, "invalid character ',' after object key"),
        (#"{"a" 1}"#, "invalid character '1' after object key"),
        (#"{"a":}"#, "invalid character '}' looking for beginning of value"),
        (#"{"a":1]"#, "invalid character ']' after object key:value pair"),
        (#"{"a":1 "b"}"#, "invalid character '\"' after object key:value pair"),
        (#"{"a":1"#, "unexpected end of JSON input"),
        ("01", "invalid character '1' after top-level value"),
        ("[01]", "invalid character '1' after array element"),
        ("-", "unexpected end of JSON input"),
        ("-a", "invalid character 'a' in numeric literal"),
        ("+1", "invalid character '+' looking for beginning of value"),
        (".5", "invalid character '.' looking for beginning of value"),
        ("1.", "unexpected end of JSON input"),
        ("1.x", "invalid character 'x' after decimal point in numeric literal"),
        ("1e", "unexpected end of JSON input"),
        ("1e+", "unexpected end of JSON input"),
        ("1ex", "invalid character 'x' in exponent of numeric literal"),
        ("0x1", "invalid character 'x' after top-level value"),
        ("NaN", "invalid character 'N' looking for beginning of value"),
        ("Infinity", "invalid character 'I' looking for beginning of value"),
        ("\"a", "unexpected end of JSON input"),
        ("\"\\", "unexpected end of JSON input"),
        ("\"\\u12", "unexpected end of JSON input"),
        (#""\x""#, "invalid character 'x' in string escape code"),
        (#""\u12g4""#, #"invalid character 'g' in \u hexadecimal character escape"#),
        ("\"a\nb\"", #"invalid character '\n' in string literal"#),
        ("\"a\u{0}b\"", #"invalid character '\x00' in string literal"#),
        ("\"\t\"", #"invalid character '\t' in string literal"#),
        ("\u{FEFF}1", "invalid character 'ï' looking for beginning of value"),
        ("/* */1", "invalid character '/' looking for beginning of value"),
        ("[1] // x", "invalid character '/' after top-level value"),
        ("\u{C}1", #"invalid character '\f' looking for beginning of value"#),
        ("\u{0}", #"invalid character '\x00' looking for beginning of value"#),
        ("1\u{0}", #"invalid character '\x00' after top-level value"#),
    ]

    @Test("Invalid text is rejected in Go's words, by the tree parser and by skipping alike", arguments: rejected)
    func refused(_ text: String, _ message: String) {
        let error = #expect(throws: JSONError.self) { try JSONValue.parse(text) }
        #expect(error?.message == message)
        #expect(error?.kind == .syntax)
        let skipped = #expect(throws: JSONError.self) {
            try JSONReader.withReader(bytes(text)) { (reader) throws(JSONError) in
                try reader.skipValue()
                try reader.finish()
            }
        }
        #expect(skipped == error)
    }

    @Test(
        "Bytes that are not UTF-8 are rejected",
        arguments: [
            [0x80], [0xC0, 0x80], [0xC3], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82],
            [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF],
        ] as [[UInt8]])
    func invalidUTF8(_ content: [UInt8]) {
        let error = #expect(throws: JSONError.self) { try JSONValue.parse([0x22] + content + [0x22]) }
        #expect(error?.kind == .encoding)
        #expect(throws: JSONError.self) { try JSONValue.parse([0x22] + content) }
    }

    @Test("Errors know offset, line and column")
    func positions() {
        let error = #expect(throws: JSONError.self) { try JSONValue.parse("{\n  \"a\": 1,\n  \"b\" 2\n}") }
        #expect(error?.offset == 18)
        #expect(error?.line == 3)
        #expect(error?.column == 7)
    }

    @Test("A text longer than the limit is refused unread")
    func sizeLimit() {
        let error = #expect(throws: JSONError.self) { try JSONValue.parse("[1,2,3]", limits: JSONLimits(bytes: 6)) }
        #expect(error?.kind == .size)
    }

    @Test("A text cut at any byte is an error, never a trap")
    func truncation() throws {
        let text = bytes(
            #"{"a":[1,-2.5e10,"x\n\u00e9é😀",true,false,null,{"b":{}}],"long key, long text":"0123456789"}"#)
        _ = try JSONValue.parse(text)
        for length in 0..<text.count {
            #expect(throws: JSONError.self) { try JSONValue.parse(Array(text[..<length])) }
        }
    }
}
