import JSON
import Testing

@Suite("Strings by their bytes")
struct ExactlyTests {
    @Test(
        "Order and equality",
        arguments: [
            ("", "", 0), ("", "a", -1), ("a", "a", 0), ("a", "b", -1), ("aa", "b", -1), ("v1.1", "v1.10", -1),
            ("v1.10", "v1.2", -1), ("é", "e\u{301}", 1), ("z", "é", -1), ("\u{FFFF}", "😀", -1),
        ])
    func order(_ left: String, _ right: String, _ sign: Int) {
        #expect(Exactly.order(left, right).signum() == sign)
        #expect(Exactly.order(right, left).signum() == -sign)
        #expect(Exactly.equal(left, right) == (sign == 0))
        #expect(Exactly.precedes(left, right) == (sign < 0))
    }

    @Test("Two spellings of a letter are two values, also in lists and maps")
    func spellings() {
        let (composed, decomposed): (String, String) = ("é", "e\u{301}")
        #expect(composed == decomposed)
        #expect(!Exactly.equal(Optional(composed), decomposed) && Exactly.equal(Optional(composed), composed))
        #expect(!Exactly.equal(Optional(composed), nil) && Exactly.equal(nil as String?, nil))
        #expect(!Exactly.equal([composed], [decomposed]) && Exactly.equal([composed], [composed]))
        #expect(!Exactly.equal(["a": composed], ["a": decomposed]) && Exactly.equal(["a": composed], ["a": composed]))
        #expect(!Exactly.equal([composed: 1], [decomposed: 1]) && Exactly.equal([composed: 1], [composed: 1]))
        #expect(!Exactly.equal(["a": [composed]], ["a": [decomposed]]))
        #expect(!Exactly.equal(["a": 1], ["a": 1, "b": 2]) && !Exactly.equal(["a": 1], ["b": 1]))
    }
}
