/// A version `X.Y.Z[-pre][+build]` in the strict sense of semver.org 2.0: no leading zeros, no `v`, numbers that fit
/// into 64 bits. Build metadata takes no part in comparisons.
public struct SemanticVersion: Hashable, Sendable {
    public enum Identifier: Hashable, Sendable {
        case number(UInt64)
        case text(String)
    }

    public let major: UInt64
    public let minor: UInt64
    public let patch: UInt64
    public let preRelease: [Identifier]

    public init?(_ text: String) {
        var core = text[...]
        if let plus = core.firstIndex(of: "+") {
            let build = core[core.index(after: plus)...]
            guard Self.identifiers(build) != nil else { return nil }
            core = core[..<plus]
        }
        var preRelease: [Identifier] = []
        if let dash = core.firstIndex(of: "-") {
            guard let parts = Self.identifiers(core[core.index(after: dash)...]) else { return nil }
            for part in parts {
                guard part.utf8.allSatisfy(ASCII.isDigit) else {
                    preRelease.append(.text(String(part)))
                    continue
                }
                guard let number = Self.number(part) else { return nil }
                preRelease.append(.number(number))
            }
            core = core[..<dash]
        }
        let numbers = core.split(separator: ".", omittingEmptySubsequences: false)
        guard numbers.count == 3, let major = Self.number(numbers[0]), let minor = Self.number(numbers[1]),
            let patch = Self.number(numbers[2])
        else { return nil }
        self.major = major
        self.minor = minor
        self.patch = patch
        self.preRelease = preRelease
    }

    private static func number(_ text: Substring) -> UInt64? {
        guard !text.isEmpty, text.utf8.allSatisfy(ASCII.isDigit), text == "0" || !text.hasPrefix("0") else {
            return nil
        }
        return UInt64(text)
    }

    private static func identifiers(_ text: Substring) -> [Substring]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let fine = parts.allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
        return fine ? parts : nil
    }
}

extension SemanticVersion: Comparable {
    public static func < (left: SemanticVersion, right: SemanticVersion) -> Bool {
        let (a, b) = ((left.major, left.minor, left.patch), (right.major, right.minor, right.patch))
        guard a == b else { return a < b }
        // A release is higher than its pre-releases.
        guard !left.preRelease.isEmpty, !right.preRelease.isEmpty else {
            return !left.preRelease.isEmpty && right.preRelease.isEmpty
        }
        return left.preRelease.lexicographicallyPrecedes(right.preRelease)
    }
}

extension SemanticVersion.Identifier: Comparable {
    /// Numbers as numbers, and below texts; texts byte by byte.
    public static func < (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.number(let a), .number(let b)): a < b
        case (.number, .text): true
        case (.text, .number): false
        case (.text(let a), .text(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
        }
    }
}
