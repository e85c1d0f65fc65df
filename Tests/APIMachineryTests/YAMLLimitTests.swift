import JSON
import Testing

@testable import APIMachinery

@Suite("YAML of hostile clients")
struct YAMLLimitTests {
    private static func failure(_ text: String) -> String? {
        do {
            _ = try YAML.parse(text)
            return nil
        } catch { return error.text }
    }

    private static let excessive = "yaml: document contains excessive aliasing"

    @Test("A billion laughs are not laughed", .timeLimit(.minutes(1)))
    func billionLaughs() {
        var text = "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
        for (name, next) in zip("abcdefgh", "bcdefghi") {
            let aliases = [String](repeating: "*\(name)", count: 9).joined(separator: ", ")
            text += "\(next): &\(next) [\(aliases)]\n"
        }
        #expect(Self.failure(text) == Self.excessive)
    }

    @Test("Large values and keys by alias count each time", .timeLimit(.minutes(1)))
    func largeAliases() {
        let large = String(repeating: "x", count: 1 << 20)
        #expect(
            Self.failure("a: &a \(large)\nb: [\((0..<20).map { _ in "*a" }.joined(separator: ", "))]\n")
                == Self.excessive)
        #expect(
            Self.failure("a: &a \(large)\nb: [\((0..<20).map { _ in "{*a : 1}" }.joined(separator: ", "))]\n")
                == Self.excessive)
    }

    @Test("Nesting has an end", .timeLimit(.minutes(1)), arguments: ["[", "{a: ", "- ", "? "])
    func nesting(_ opening: String) throws {
        let message = try #require(Self.failure(String(repeating: opening, count: 10_000)))
        #expect(message.hasPrefix("yaml: line 1: "), "\(message)")
        let fine = String(repeating: "[", count: 999) + String(repeating: "]", count: 999)
        #expect(try YAML.parse(fine).value.description == fine)
        #expect(Self.failure("[\(fine)" + "]" + "\n") == nil)
        #expect(Self.failure("[[\(fine)" + "]]")?.hasPrefix("yaml: line 1: ") == true)
    }

    @Test("Megabytes of any one thing take seconds at most", .timeLimit(.minutes(1)))
    func floods() {
        let floods = [
            String(repeating: "[", count: 3 << 20),
            String(repeating: "%TAG !a! tag:a,2000:\n", count: 140_000) + "--- a\n",
            (0..<150_000).map { "%TAG !t\($0)! x:\n" }.joined() + "--- a\n",
            (0..<150_000).map { "%TAG !t\($0)! x:\u{2028}" }.joined() + "--- a\n",
            (0..<150_000).map { "%TAG !t\($0)! x:\u{85}" }.joined() + "--- a\n",
            String(repeating: "%YAML 1.1\n", count: 300_000),
            String(repeating: "---\n", count: 700_000),
            (0..<200_000).map { "&a\($0) x: *a\($0)\n" }.joined(),
            String(repeating: "&a ", count: 1_000_000),
            String(repeating: "a: ", count: 1_000_000),
            String(repeating: "\n", count: 3 << 20) + "a: 1",
            "\"" + String(repeating: "\\n", count: 1 << 20) + "\"",
            String(repeating: "#", count: 3 << 20),
        ]
        let clock = ContinuousClock()
        for text in floods {
            let time = clock.measure { _ = Self.failure(text) }
            #expect(time < .seconds(10), "\(text.prefix(30)): \(time)")
        }
    }

    @Test("Any bytes are read or refused, never trapped on")
    func anything() {
        let pieces = [
            "a", ":", " ", "\n", "- ", "[", "]", "{", "}", ",", "&a", "*a", "!", "|", ">", "'", "\"", "\\", "%", "---",
            "...", "?", "#", "\t", "é", "\u{0}", "\u{2028}", "0x", "1_", ".", "~", "\u{FEFF}", "\u{10FFFF}",
        ]
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0...20, using: &generator)).map { _ in
                pieces.randomElement(using: &generator) ?? ""
            }.joined()
            guard let document = try? YAML.parse(text) else { continue }
            // What was read can be written and read again.
            guard let again = try? YAML.parse(YAML.serialize(document.value)) else {
                Issue.record("\(text.debugDescription) does not come back")
                continue
            }
            #expect(again.value.sortedDescription == document.value.sortedDescription, "\(text.debugDescription)")
        }
    }

    @Test("Values too deep for YAML are refused, not crashed on")
    func deepOutput() throws {
        #expect(throws: YAML.Failure.self) { try YAML.serialize(try nested(10_000)) }
        let fine = try nested(900)
        #expect(try YAML.parse(YAML.serialize(fine)).value == fine)
    }
}
