import JSON
import Testing

@Suite("Values")
struct ValueTests {
    @Test(
        "Numbers stay exact",
        arguments: [
            ("0", .integer(0)), ("-0", .integer(0)), ("9223372036854775807", .integer(.max)),
            ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .double(9_223_372_036_854_775_808)),
            ("1.0", .double(1)), ("1e2", .double(100)), ("-1.5", .double(-1.5)),
            ("0.1", .double(0.1)), ("5e-324", .double(.leastNonzeroMagnitude)), ("1e-400", .double(0)),
        ] as [(String, JSONValue)])
    func numbers(_ text: String, _ value: JSONValue) throws {
        #expect(try JSONValue.parse(text) == value)
    }

    @Test("A number beyond the doubles is a type error")
    func hugeNumber() {
        let error = #expect(throws: JSONError.self) { try JSONValue.parse("[1e999]") }
        #expect(error?.message == "json: cannot unmarshal number 1e999 into Go value of type float64")
    }

    @Test(
        "Strings are unescaped; half surrogate pairs become U+FFFD",
        arguments: [
            (#""\u0041\n\"\\\/""#, "A\n\"\\/"), (#""\uD83D\uDE00""#, "😀"), (#""\uD83D""#, "\u{FFFD}"),
            (#""\uDE00x""#, "\u{FFFD}x"), (#""\uD83D\uD83D\uDE00""#, "\u{FFFD}😀"), (#""\uD83Dx""#, "\u{FFFD}x"),
            (#""\uD83D\n""#, "\u{FFFD}\n"), (#""\b\f\r\t""#, "\u{8}\u{C}\r\t"), ("\"é😀\"", "é😀"),
        ])
    func strings(_ text: String, _ value: String) throws {
        #expect(try JSONValue.parse(text) == .string(value))
    }

    @Test("Objects keep the order of their members; setting keeps the place, nil removes")
    func objectOrder() throws {
        var object = try #require(try JSONValue.parse(#"{"z":1,"a":2,"m":3}"#).objectValue)
        #expect(object.keys == ["z", "a", "m"])
        object["a"] = "two"
        object["new"] = nil
        object["b"] = .null
        #expect(object.keys == ["z", "a", "m", "b"])
        object["z"] = nil
        #expect(object.keys == ["a", "m", "b"])
        #expect(object.count == 3)
        #expect(object["z"] == nil)
        #expect(object["b"] == .null)
        #expect(object["b"]?.isNull == true)
    }

    @Test("Copies are independent")
    func copyOnWrite() {
        var first: JSONValue = ["a": ["b": [1, 2]]]
        let second = first
        first["a"]?["b"] = 3
        #expect(first == ["a": ["b": 3]])
        #expect(second == ["a": ["b": [1, 2]]])
        var list = JSONArray([1, 2])
        let copy = list
        list[0] = 9
        list.append(3)
        #expect(copy == [1, 2])
        #expect(list == [9, 2, 3])
    }

    @Test("Objects are equal in any order, arrays are not; strings differ by bytes, not by looks")
    func equality() {
        #expect(["a": 1, "b": [true]] as JSONValue == ["b": [true], "a": 1])
        #expect((["a": 1, "b": 2] as JSONValue).hashValue == (["b": 2, "a": 1] as JSONValue).hashValue)
        #expect([1, 2] as JSONValue != [2, 1])
        #expect(.integer(1) != JSONValue.double(1))
        #expect(JSONValue.string("\u{E9}") != .string("e\u{301}"))
        var object = JSONObject()
        object["\u{E9}"] = 1
        object["e\u{301}"] = 2
        #expect(object.count == 2)
    }

    @Test("Duplicate members are reported with their path in order, each once; the last wins")
    func duplicates() throws {
        var issues: [JSONIssue] = []
        let value = try JSONValue.parse(
            bytes(#"{"m":{"n":1,"n":2},"l":[{},{"k":1,"k":2,"k":3}],"m":{"x":0}}"#), issues: &issues)
        #expect(value == ["m": ["x": 0], "l": [[:], ["k": 3]]])
        #expect(
            issues.map(\.description) == [
                #"duplicate field "m.n""#, #"duplicate field "l[1].k""#, #"duplicate field "m""#,
            ])
    }

    @Test("An object is demanded in Go's words")
    func objectDemanded() {
        var issues: [JSONIssue] = []
        let error = #expect(throws: JSONError.self) { try JSONObject.parse(bytes("[]"), issues: &issues) }
        #expect(error?.message == "json: cannot unmarshal array into Go value of type map[string]interface {}")
    }
}

@Suite("Hostile input")
struct HostileTests {
    @Test(
        "A tree of 10,000 levels is parsed, compared, copied, written and released on a stack of 512 KiB",
        arguments: [("[", "]"), (#"{"a":"#, "}"), (#"[{"a":"#, "}]")])
    func depth(_ opening: String, _ closing: String) {
        let levels = opening.utf8.count > 5 ? 5_000 : 10_000
        let inner = opening == "[" ? "" : "0"
        let text = bytes(
            String(repeating: opening, count: levels) + inner + String(repeating: closing, count: levels))
        let outcome = Outcome()
        onThread(stackSize: 512 << 10) {
            do {
                let value = try JSONValue.parse(text)
                let other = try JSONValue.parse(text)
                let written = value.jsonBytes()
                try JSONReader.withReader(text) { (reader) throws(JSONError) in try reader.skipValue() }
                outcome.succeeded =
                    value == other && value.hashValue == other.hashValue && written == text
                    && JSONText.compacted(written) == text
            } catch {
                outcome.succeeded = false
            }
        }
        #expect(outcome.succeeded)
    }

    final class Outcome: @unchecked Sendable { var succeeded = false }

    @Test("One level more is refused")
    func tooDeep() {
        let text = bytes(String(repeating: "[", count: 10_001))
        let error = #expect(throws: JSONError.self) { try JSONValue.parse(text) }
        #expect(error?.message == "invalid character '[' exceeded max depth")
        #expect(error?.offset == 10_000)
    }

    @Test("300,000 different or equal keys take linear time", .timeLimit(.minutes(1)))
    func manyKeys() throws {
        let different = "{" + (0..<300_000).map { "\"k\($0)\":0" }.joined(separator: ",") + "}"
        let equal = "{" + [String](repeating: "\"k\":0", count: 300_000).joined(separator: ",") + "}"
        var object = try #require(try JSONValue.parse(different).objectValue)
        #expect(object.count == 300_000)
        for number in 0..<300_000 { object["k\(number)"] = nil }
        #expect(object.isEmpty)
        var issues: [JSONIssue] = []
        #expect(try JSONValue.parse(bytes(equal), issues: &issues) == ["k": 0])
        #expect(issues.count == 1)
    }

    @Test("At most 100 issues are kept")
    func issueLimit() throws {
        let text = "{" + (0..<300).map { "\"k\($0)\":0,\"k\($0)\":0" }.joined(separator: ",") + "}"
        var issues: [JSONIssue] = []
        _ = try JSONValue.parse(bytes(text), issues: &issues)
        #expect(issues.count == 100)
    }

    @Test("Random trees survive writing and reading; damaged texts never trap", arguments: 0..<16)
    func fuzz(seed: Int) throws {
        var generator = SeededGenerator(state: UInt64(seed))
        for _ in 0..<10 {
            let value = randomValue(&generator, depth: 4)
            let text = value.jsonBytes()
            #expect(try JSONValue.parse(text) == value)
            #expect(try JSONValue.parse(JSONText.indented(text)) == value)
            #expect(JSONText.compacted(JSONText.indented(text)) == text)
            for _ in 0..<20 {
                var damaged = text
                for _ in 0...Int.random(in: 0...3, using: &generator) {
                    damaged[Int.random(in: 0..<damaged.count, using: &generator)] =
                        Bool.random(using: &generator)
                        ? UInt8.random(in: 0...255, using: &generator)
                        : bytes("{}[]\",:\\0-eu")[Int.random(in: 0..<12, using: &generator)]
                }
                // What still parses must be stable from the second generation on (1e5 becomes 100000 in the first).
                guard let survivor = try? JSONValue.parse(damaged) else { continue }
                let second = try JSONValue.parse(survivor.jsonBytes())
                if try JSONValue.parse(second.jsonBytes()) != second { Issue.record("unstable: \(survivor)") }
            }
        }
    }

    private func randomValue(_ generator: inout SeededGenerator, depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &generator) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &generator))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &generator))
        case 3:
            let value = Double(bitPattern: UInt64.random(in: .min ... .max, using: &generator))
            // A whole double is written like an integer and read back as one.
            guard value.isFinite, Int64(exactly: value) == nil, value.magnitude < 1e18 else { return .double(0.5) }
            return .double(value)
        case 4: return .string(randomString(&generator))
        case 5, 6:
            return .array(
                (0..<Int.random(in: 0..<5, using: &generator)).map { _ in randomValue(&generator, depth: depth - 1) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0..<20, using: &generator) {
                object[randomString(&generator)] = randomValue(&generator, depth: depth - 1)
            }
            return .object(object)
        }
    }

    private func randomString(_ generator: inout SeededGenerator) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0..<30, using: &generator) {
            let range: ClosedRange<UInt32> =
                Bool.random(using: &generator) ? 0...0x7F : Bool.random(using: &generator) ? 0...0x2FFF : 0...0x10FFFF
            if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &generator)) {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
