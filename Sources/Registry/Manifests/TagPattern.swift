#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A regular expression of tags, written by whoever may change a stream (POSIX, extended).
///
/// The system's matcher is used because it does not try all ways to match one after the other: a pattern that was made to
/// take long would hold up everybody. What lets it take long or much memory all the same, counted repetitions and back
/// references, is no part of a pattern here.
struct TagPattern {
    private static let maximumBytes = 256

    private let expression: String

    /// Nil for what is no pattern.
    init?(_ text: String) {
        guard text.utf8.count <= Self.maximumBytes, !text.utf8.contains(UInt8(ascii: "{")),
            !text.utf8.contains(0)
        else { return nil }
        let escapes = zip(text.utf8, text.utf8.dropFirst()).contains { first, second in
            first == UInt8(ascii: "\\") && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(second)
        }
        guard !escapes else { return nil }
        expression = "^(\(text))$"
        guard matches("") != nil else { return nil }
    }

    /// Whether all of a tag matches; nil where the expression cannot be understood.
    func matches(_ tag: String) -> Bool? {
        var compiled = regex_t()
        guard regcomp(&compiled, expression, REG_EXTENDED | REG_NOSUB) == 0 else { return nil }
        defer { regfree(&compiled) }
        return regexec(&compiled, tag, 0, nil, 0) == 0
    }
}
