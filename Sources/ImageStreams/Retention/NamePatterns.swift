/// Names that are chosen by patterns: `*` stands for any text, `?` for one character. Those that begin with `!` take out
/// what the others let in; without others, everything else is in.
struct NamePatterns: Hashable, Sendable {
    private var included: [[Unicode.Scalar]] = []
    private var excluded: [[Unicode.Scalar]] = []

    static let maximumCount = 100
    static let maximumLength = 256

    init(_ patterns: [String]) {
        for pattern in patterns {
            if pattern.unicodeScalars.first == "!" {
                excluded.append(Array(pattern.unicodeScalars.dropFirst()))
            } else {
                included.append(Array(pattern.unicodeScalars))
            }
        }
    }

    /// Whether there are none: then every name fits.
    var isEmpty: Bool { included.isEmpty && excluded.isEmpty }

    func matches(_ name: String) -> Bool {
        if isEmpty { return true }
        let scalars = Array(name.unicodeScalars)
        guard included.isEmpty || included.contains(where: { Self.matches(scalars, $0) }) else { return false }
        return !excluded.contains { Self.matches(scalars, $0) }
    }

    /// Goes back to the last `*` only, so the time is bounded by the product of the lengths.
    private static func matches(_ name: [Unicode.Scalar], _ pattern: [Unicode.Scalar]) -> Bool {
        var (place, next) = (0, 0)
        var star: (next: Int, place: Int)?
        while place < name.count {
            if next < pattern.count, pattern[next] == "*" {
                star = (next + 1, place)
                next += 1
            } else if next < pattern.count, pattern[next] == "?" || pattern[next] == name[place] {
                place += 1
                next += 1
            } else if let last = star {
                star = (last.next, last.place + 1)
                next = last.next
                place = last.place + 1
            } else {
                return false
            }
        }
        return pattern[next...].allSatisfy { $0 == "*" }
    }
}
