/// Matches texts against the pull-spec grammar of `spec/import-and-controllers.md` A.7, without backtracking:
/// every delimiter of the grammar (`/`, `:`, `@`) can be told apart from the left.
///
/// Works on bytes and makes no strings: every write of a stream checks all pull specs of its tags.
enum ReferenceScanner {
    typealias Bytes = Span<UInt8>

    /// The parts of a reference as they are written, as offsets of bytes; nothing is split off the name yet.
    struct Match {
        var name: Range<Int>
        var tag: Range<Int>?
        var digest: Range<Int>?
    }

    static func match(_ text: Bytes) -> Match? {
        var match = Match(name: 0..<text.count)
        if let at = text.firstIndex(of: "@", in: match.name) {
            let digest = (at + 1)..<match.name.upperBound
            guard isDigest(text.extracting(digest)) else { return nil }
            match.digest = digest
            match.name = 0..<at
        }
        // Behind the last slash only a tag may contain a colon.
        let last = text.lastIndex(of: "/", in: match.name).map { $0 + 1 } ?? 0
        if let colon = text.firstIndex(of: ":", in: last..<match.name.upperBound) {
            let tag = (colon + 1)..<match.name.upperBound
            guard isTag(text.extracting(tag)) else { return nil }
            match.tag = tag
            match.name = 0..<colon
        }
        return isName(text.extracting(match.name)) ? match : nil
    }

    private static func isName(_ name: Bytes) -> Bool {
        guard let slash = name.firstIndex(of: "/", in: 0..<name.count) else { return isComponent(name) }
        let first = name.extracting(0..<slash)
        guard isComponent(first) || isHost(first) else { return false }
        return name.allParts(between: "/", in: (slash + 1)..<name.count, isComponent)
    }

    /// `alnum (separator alnum)*`, where a separator is `.`, `_`, `__` or a run of `-`.
    static func isComponent(_ component: Bytes) -> Bool {
        var separator: UInt8 = 0
        var run = 0
        var started = false
        for index in component.indices {
            let byte = component[index]
            if ASCII.isLowerAlphanumeric(byte) {
                guard run == 0 || (started && isSeparator(separator, run)) else { return false }
                run = 0
                started = true
            } else {
                guard run == 0 || byte == separator else { return false }
                separator = byte
                run += 1
            }
        }
        return started && run == 0
    }

    private static func isSeparator(_ byte: UInt8, _ run: Int) -> Bool {
        switch byte {
        case UInt8(ascii: "-"): true
        case UInt8(ascii: "."): run == 1
        case UInt8(ascii: "_"): run <= 2
        default: false
        }
    }

    static func isHost(_ host: Bytes) -> Bool {
        var name = 0..<host.count
        if let colon = host.firstIndex(of: ":", in: name) {
            let port = (colon + 1)..<host.count
            guard !port.isEmpty, host.extracting(port).allFit(ASCII.isDigit) else { return false }
            name = 0..<colon
        }
        return host.allParts(between: ".", in: name) { part in
            guard !part.isEmpty, ASCII.isAlphanumeric(part[0]), ASCII.isAlphanumeric(part[part.count - 1])
            else { return false }
            return part.allFit { ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    /// A word character, then up to 127 word characters, dots and dashes.
    static func isTag(_ tag: Bytes) -> Bool {
        guard !tag.isEmpty, tag.count <= 128, ASCII.isWord(tag[0]) else { return false }
        return tag.allFit { ASCII.isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    /// `algorithm:hex` with at least 32 digits; whether the algorithm exists is asked later.
    static func isDigest(_ digest: Bytes) -> Bool {
        guard let colon = digest.firstIndex(of: ":", in: 0..<digest.count) else { return false }
        let hex = digest.extracting((colon + 1)..<digest.count)
        guard hex.count >= 32, hex.allFit(ASCII.isHexDigit) else { return false }
        // Each part of the algorithm begins with a letter.
        var isFirst = true
        for index in 0..<colon {
            let byte = digest[index]
            if ASCII.isDigestSeparator(byte) {
                guard !isFirst else { return false }
                isFirst = true
            } else {
                guard isFirst ? ASCII.isLetter(byte) : ASCII.isAlphanumeric(byte) else { return false }
                isFirst = false
            }
        }
        return !isFirst
    }
}

extension Span<UInt8> {
    fileprivate func firstIndex(of character: Unicode.Scalar, in range: Range<Int>) -> Int? {
        let byte = UInt8(ascii: character)
        for index in range where self[index] == byte { return index }
        return nil
    }

    fileprivate func lastIndex(of character: Unicode.Scalar, in range: Range<Int>) -> Int? {
        let byte = UInt8(ascii: character)
        for index in range.reversed() where self[index] == byte { return index }
        return nil
    }

    fileprivate func allFit(_ fits: (UInt8) -> Bool) -> Bool {
        for index in indices where !fits(self[index]) { return false }
        return true
    }

    /// Whether all parts of `range` between separators fit; empty ones are parts too.
    fileprivate func allParts(
        between separator: Unicode.Scalar, in range: Range<Int>, _ fits: (Span<UInt8>) -> Bool
    ) -> Bool {
        var start = range.lowerBound
        while true {
            let end = firstIndex(of: separator, in: start..<range.upperBound) ?? range.upperBound
            guard fits(extracting(start..<end)) else { return false }
            if end == range.upperBound { return true }
            start = end + 1
        }
    }
}
