/// The order in which a repository's tags are imported when not all may be (`spec/import-and-controllers.md` A.19).
public enum TagPriority {
    private enum Rank: Int {
        case latest, minor, full, other
    }

    private struct Key {
        let tag: String
        let rank: Rank
        let version: SemanticVersion?
    }

    /// `latest`, then `X.Y` and `X.Y.Z` versions, highest first, then the rest in byte order.
    public static func sorted(_ tags: [String]) -> [String] {
        tags.map(key).sorted(by: precedes).map(\.tag)
    }

    private static func precedes(_ left: Key, _ right: Key) -> Bool {
        if left.rank != right.rank { return left.rank.rawValue < right.rank.rawValue }
        if let a = left.version, let b = right.version {
            if a > b { return true }
            if b > a { return false }
            let (leftV, rightV) = (left.tag.hasPrefix("v"), right.tag.hasPrefix("v"))
            if leftV != rightV { return rightV }
        }
        return left.tag.utf8.lexicographicallyPrecedes(right.tag.utf8)
    }

    private static func key(_ tag: String) -> Key {
        if tag == "latest" { return Key(tag: tag, rank: .latest, version: nil) }
        let short = tag.hasPrefix("v") ? tag.dropFirst() : tag[...]
        if let version = SemanticVersion(String(short)) { return Key(tag: tag, rank: .full, version: version) }
        if let version = minorVersion(short) { return Key(tag: tag, rank: .minor, version: version) }
        return Key(tag: tag, rank: .other, version: nil)
    }

    /// `X.Y` as `X.Y.0`, `X.Y-word` as `X.Y.0-word`.
    private static func minorVersion(_ short: Substring) -> SemanticVersion? {
        let dash = short.firstIndex(of: "-")
        let numbers = short[..<(dash ?? short.endIndex)]
        let parts = numbers.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(ASCII.isDigit) }) else {
            return nil
        }
        guard let dash else { return SemanticVersion("\(numbers).0") }
        let word = short[short.index(after: dash)...]
        guard !word.isEmpty, word.utf8.allSatisfy(ASCII.isWord) else { return nil }
        return SemanticVersion("\(numbers).0-\(word)")
    }
}
