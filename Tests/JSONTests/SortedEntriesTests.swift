import Testing

@testable import JSON

@Suite("The order of maps")
struct SortedEntriesTests {
    @Test(
        "is that of the bytes of the keys, whatever they have in common",
        arguments: [
            [], ["a"], ["b", "a"], ["", "a"], ["a", "aa", "aaa", "ab"], ["sha256:b", "sha256:a", "sha256:"],
            ["12345678b", "12345678a", "12345678", "12345679"], ["a\u{0}", "a", "a\u{0}\u{0}", "a\u{1}"],
            ["e\u{301}", "\u{e9}", "z", "\u{1F600}", "\u{FFFD}"], ["x12345678ä", "x12345678a", "x"],
            (0..<300).map { "sha256:\($0 * 7_919 % 301)" },
        ])
    func order(keys: [String]) throws {
        let map = Dictionary(keys.enumerated().map { ($1, $0) }) { first, _ in first }
        let sorted = SortedEntries.indices(of: map).map { map[$0].key }
        let expected = map.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(sorted.map { Array($0.utf8) } == expected.map { Array($0.utf8) })
    }
}
