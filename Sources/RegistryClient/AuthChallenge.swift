/// One challenge of a `WWW-Authenticate` header (G.3).
struct AuthChallenge: Hashable, Sendable {
    /// Lower case.
    var scheme: String
    /// Keys in lower case; the last value of a repeated key.
    var parameters: [String: String]

    /// Every challenge of every line, in order. A malformed rest of a line is dropped silently; what was read before
    /// it is kept.
    static func parse(_ lines: [String]) -> [AuthChallenge] {
        lines.flatMap { line in
            var scanner = ChallengeScanner(line)
            return scanner.challenges()
        }
    }
}

/// Reads `scheme key=value, key="va\"lue", scheme2 …`.
private struct ChallengeScanner {
    private let bytes: [UInt8]
    private var position = 0

    init(_ line: String) { bytes = Array(line.utf8.prefix(16 << 10)) }

    mutating func challenges() -> [AuthChallenge] {
        var out: [AuthChallenge] = []
        while true {
            skip(commas: true)
            guard let word = token() else { return out }
            // After a comma a word is a parameter of the present challenge if `=` follows, else a new scheme.
            if let value = equalsValue() {
                guard !out.isEmpty, let value = value.text else { return out }
                out[out.count - 1].parameters[word.lowercased()] = value
            } else {
                out.append(AuthChallenge(scheme: word.lowercased(), parameters: [:]))
                guard atEnd || isBlank(bytes[position]) || bytes[position] == UInt8(ascii: ",") else { return out }
            }
        }
    }

    private var atEnd: Bool { position >= bytes.count }

    /// The value behind `=`; the outer nil if there is no `=`, the inner one if the value is malformed.
    private mutating func equalsValue() -> (text: String?, Void)? {
        let start = position
        skip(commas: false)
        guard !atEnd, bytes[position] == UInt8(ascii: "=") else {
            position = start
            return nil
        }
        position += 1
        skip(commas: false)
        guard !atEnd else { return (nil, ()) }
        return (bytes[position] == UInt8(ascii: "\"") ? quoted() : token(), ())
    }

    private mutating func quoted() -> String? {
        position += 1
        var out: [UInt8] = []
        while position < bytes.count {
            var byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: out, as: UTF8.self) }
            if byte == UInt8(ascii: "\\") {
                guard position < bytes.count else { return nil }
                byte = bytes[position]
                position += 1
            }
            out.append(byte)
        }
        return nil
    }

    private mutating func token() -> String? {
        let start = position
        while position < bytes.count, isTokenByte(bytes[position]) { position += 1 }
        return position > start ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
    }

    private mutating func skip(commas: Bool) {
        while position < bytes.count, isBlank(bytes[position]) || (commas && bytes[position] == UInt8(ascii: ",")) {
            position += 1
        }
    }

    private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        // `/` and `:` are no token characters, but realms and scopes are met without quotes.
        default: "!#$%&'*+-.^_`|~/:".utf8.contains(byte)
        }
    }
}
