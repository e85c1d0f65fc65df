import JSON
import Testing

@Suite("Writing")
struct WriterTests {
    @Test(
        "Strings are escaped as by Go",
        arguments: [
            ("", #""""#), ("plain text", #""plain text""#),
            ("<a href=\"x\">&</a>", #""\u003ca href=\"x\"\u003e\u0026\u003c/a\u003e""#),
            ("back\\slash", #""back\\slash""#), ("\n\r\t\u{8}\u{C}", #""\n\r\t\b\f""#),
            ("\u{0}\u{1F}\u{7F}", "\"\\u0000\\u001f\u{7F}\""),
            ("\u{2028}\u{2029}\u{2027}", "\"\\u2028\\u2029\u{2027}\""),
            ("é€😀", "\"é€😀\""), ("0123456789abcde<", #""0123456789abcde\u003c""#),
            ("€\u{2028}x", "\"€\\u2028x\""),
        ])
    func strings(_ text: String, _ written: String) {
        #expect(JSONValue.string(text).description == written)
        #expect(JSONValue.object([text: 1]).description == "{\(written):1}")
    }

    @Test(
        "Numbers are laid out as by Go",
        arguments: [
            (0, "0"), (-0.0, "-0"), (1, "1"), (1.5, "1.5"), (-2.25, "-2.25"), (100, "100"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"), (1.5e300, "1.5e+300"), (1e-6, "0.000001"), (1e-7, "1e-7"), (1.25e-9, "1.25e-9"),
            (0.1, "0.1"), (123456.789, "123456.789"), (.leastNonzeroMagnitude, "5e-324"),
            (1.7976931348623157e308, "1.7976931348623157e+308"), (123456789012345680, "123456789012345680"),
            (.nan, "null"), (.infinity, "null"),
        ] as [(Double, String)])
    func doubles(_ value: Double, _ written: String) {
        #expect(JSONValue.double(value).description == written)
    }

    @Test("Integers", arguments: [0, 7, 10, -1, 99, 100, 1_234_567_890, .max, .min] as [Int64])
    func integers(_ value: Int64) {
        #expect(JSONValue.integer(value).description == String(value))
    }

    @Test("Indentation is Go's")
    func indentation() {
        let text = #"{"a":{},"b":[],"c":[1,{"d":"x, {y}: \"z\""}],"e":null}"#
        let pretty = """
            {
              "a": {},
              "b": [],
              "c": [
                1,
                {
                  "d": "x, {y}: \\"z\\""
                }
              ],
              "e": null
            }
            """
        #expect(String(decoding: JSONText.indented(bytes(text)), as: UTF8.self) == pretty)
        #expect(String(decoding: JSONText.compacted(bytes(pretty)), as: UTF8.self) == text)
    }

    @Test("Raw JSON is compacted and HTML-escaped like a raw member in Go")
    func compacting() {
        let text = " { \"a b\" : \"<\\\" \u{2028}>&\" , \"c\" : [ 1 ] } "
        #expect(
            String(decoding: JSONText.compacted(bytes(text)), as: UTF8.self)
                == #"{"a b":"\u003c\" \u2028\u003e\u0026","c":[1]}"#)
    }

    @Test(
        "Base64 both ways",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy"),
        ])
    func base64(_ plain: String, _ text: String) {
        #expect(Base64.encode(bytes(plain)) == bytes(text))
        #expect(Base64.decode(bytes(text)) == .bytes(bytes(plain)))
    }

    @Test(
        "Malformed base64 is refused",
        arguments: [("Zg", 0), ("Zg=", 3), ("Z*==", 1), ("Zg==Zg==", 4), ("=", 0), ("Zm9v=", 4)])
    func malformedBase64(_ text: String, _ offset: Int) {
        #expect(Base64.decode(bytes(text)) == .illegal(at: offset))
    }
}
