/// Matches texts against the pull-spec grammar of `spec/import-and-controllers.md` A.7, without backtracking:
/// every delimiter of the grammar (`/`, `:`, `@`) can be told apart from the left.
enum ReferenceScanner {
    /// The parts of a reference as they are written; nothing is split off the name yet.
    struct Match {
        var name: Substring
        var tag: Substring?
        var digest: Substring?
    }

    typealias Bytes = Substring.UTF8View

    static func match(_ text: Substring) -> Match? {
        var rest = text
        var digest: Substring?
        if let at = rest.utf8.firstIndex(of: UInt8(ascii: "@")) {
            let part = rest[rest.utf8.index(after: at)...]
            guard isDigest(part.utf8) else { return nil }
            digest = part
            rest = rest[..<at]
        }
        // Behind the last slash only a tag may contain a colon.
        let lastComponent =
            rest.utf8.lastIndex(of: UInt8(ascii: "/")).map { rest.utf8.index(after: $0) } ?? rest.startIndex
        var tag: Substring?
        if let colon = rest[lastComponent...].utf8.firstIndex(of: UInt8(ascii: ":")) {
            let part = rest[rest.utf8.index(after: colon)...]
            guard isTag(part.utf8) else { return nil }
            tag = part
            rest = rest[..<colon]
        }
        guard isName(rest.utf8) else { return nil }
        return Match(name: rest, tag: tag, digest: digest)
    }

    private static func isName(_ name: Bytes) -> Bool {
        let segments = name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard let first = segments.first else { return false }
        let firstFits = isComponent(first) || (segments.count > 1 && isHost(first))
        return firstFits && segments.dropFirst().allSatisfy(isComponent)
    }

    /// `alnum (separator alnum)*`, where a separator is `.`, `_`, `__` or a run of `-`.
    static func isComponent(_ component: Bytes) -> Bool {
        var separator: [UInt8] = []
        var started = false
        for byte in component {
            if ASCII.isLowerAlphanumeric(byte) {
                guard separator.isEmpty || (started && isSeparator(separator)) else { return false }
                separator.removeAll(keepingCapacity: true)
                started = true
            } else {
                separator.append(byte)
            }
        }
        return started && separator.isEmpty
    }

    private static func isSeparator(_ run: [UInt8]) -> Bool {
        switch run[0] {
        case UInt8(ascii: "-"): run.allSatisfy { $0 == UInt8(ascii: "-") }
        case UInt8(ascii: "."): run.count == 1
        case UInt8(ascii: "_"): run.count <= 2 && run.allSatisfy { $0 == UInt8(ascii: "_") }
        default: false
        }
    }

    static func isHost(_ host: Bytes) -> Bool {
        var name = host
        if let colon = host.firstIndex(of: UInt8(ascii: ":")) {
            let port = host[host.index(after: colon)...]
            guard !port.isEmpty, port.allSatisfy(ASCII.isDigit) else { return false }
            name = host[..<colon]
        }
        return name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { part in
            guard let first = part.first, let last = part.last else { return false }
            return ASCII.isAlphanumeric(first) && ASCII.isAlphanumeric(last)
                && part.allSatisfy { ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    /// A word character, then up to 127 word characters, dots and dashes.
    static func isTag(_ tag: Bytes) -> Bool {
        guard let first = tag.first, ASCII.isWord(first), tag.count <= 128 else { return false }
        return tag.allSatisfy { ASCII.isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    /// `algorithm:hex` with at least 32 digits; whether the algorithm exists is asked later.
    static func isDigest(_ digest: Bytes) -> Bool {
        guard let colon = digest.firstIndex(of: UInt8(ascii: ":")) else { return false }
        let hex = digest[digest.index(after: colon)...]
        guard hex.count >= 32, hex.allSatisfy(ASCII.isHexDigit) else { return false }
        return digest[..<colon].split(omittingEmptySubsequences: false, whereSeparator: ASCII.isDigestSeparator)
            .allSatisfy { part in
                guard let first = part.first, ASCII.isLetter(first) else { return false }
                return part.allSatisfy(ASCII.isAlphanumeric)
            }
    }
}
