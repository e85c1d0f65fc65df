/// A JSON pointer (RFC 6901), as its unescaped reference tokens. Empty points at the whole document.
struct JSONPointer: Sendable, Hashable {
    var tokens: [String]

    /// - Returns: `nil` where the text neither is empty nor begins with `/`.
    init?(_ text: String) {
        if text.isEmpty {
            tokens = []
            return
        }
        guard text.utf8.first == UInt8(ascii: "/") else { return nil }
        tokens = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map {
            String($0).replacing("~1", with: "/").replacing("~0", with: "~")
        }
    }

    /// Whether this pointer leads into what `other` points at.
    func isBelow(_ other: JSONPointer) -> Bool {
        tokens.count > other.tokens.count && tokens.starts(with: other.tokens)
    }
}
