/// The grammar of label selectors (spec/api-machinery.md 4.7): a lexer over ASCII operators and a parser with one
/// token of look-ahead. Size is bounded by the request line; work is linear.
struct LabelSelectorParser {
    private enum Token: Hashable {
        case end, bang, comma, open, close, equals, doubleEquals, notEquals, greater, less
        /// `in` or `notin`, an operator only where one may stand.
        case word(String)

        var literal: String {
            switch self {
            case .end: ""
            case .bang: "!"
            case .comma: ","
            case .open: "("
            case .close: ")"
            case .equals: "="
            case .doubleEquals: "=="
            case .notEquals: "!="
            case .greater: ">"
            case .less: "<"
            case .word(let text): text
            }
        }

        var isWord: Bool { if case .word = self { true } else { false } }
    }

    private var tokens: [Token] = []
    private var position = 0

    init(_ text: String) {
        tokens = Self.tokens(of: Array(text.utf8))
    }

    mutating func parse() throws(SelectorError) -> [LabelSelector.Requirement] {
        var requirements: [LabelSelector.Requirement] = []
        while true {
            switch peek {
            case .word, .bang:
                requirements.append(try requirement())
                switch peek {
                case .end: return requirements
                case .comma:
                    next()
                    guard peek.isWord || peek == .bang else {
                        throw SelectorError("found '\(peek.literal)', expected: identifier after ','")
                    }
                default: throw SelectorError("found '\(peek.literal)', expected: ',' or 'end of string'")
                }
            case .end: return requirements
            default:
                throw SelectorError("found '\(peek.literal)', expected: !, identifier, or 'end of string'")
            }
        }
    }

    private mutating func requirement() throws(SelectorError) -> LabelSelector.Requirement {
        let isNegated = peek == .bang
        if isNegated { next() }
        guard case .word(let key) = peek else {
            throw failure("found '\(peek.literal)', expected: identifier")
        }
        next()
        try validate(key: key)
        let ends = peek == .end || peek == .comma
        if isNegated || ends {
            return isNegated ? .absent(key) : .exists(key)
        }
        let operation = peek
        next()
        switch operation {
        case .word("in"): return .isIn(key, try values(for: key))
        case .word("notin"): return .notIn(key, try values(for: key))
        case .equals, .doubleEquals: return .isIn(key, [try value(for: key)])
        case .notEquals: return .notIn(key, [try value(for: key)])
        case .greater: return .greater(key, try number(for: key))
        case .less: return .less(key, try number(for: key))
        default:
            throw failure("found '\(operation.literal)', expected: in, notin, =, ==, !=, gt, lt")
        }
    }

    private mutating func value(for key: String) throws(SelectorError) -> String {
        var text = ""
        if case .word(let word) = peek {
            text = word
            next()
        } else if peek != .end && peek != .comma {
            throw failure("found '\(peek.literal)', expected: identifier")
        }
        try validate(value: text, index: 0, key: key)
        return text
    }

    private mutating func number(for key: String) throws(SelectorError) -> Int64 {
        let text = try value(for: key)
        guard let number = Int64(text) else {
            throw failure(
                "values[0]: Invalid value: \(goQuoted(text)): for 'Gt', 'Lt' operators, the value must be an integer")
        }
        return number
    }

    private mutating func values(for key: String) throws(SelectorError) -> Set<String> {
        guard peek == .open else { throw failure("found '\(peek.literal)' expected: '('") }
        next()
        var values: Set<String> = []
        var wantsValue = true
        while true {
            switch peek {
            case .word(let text):
                try validate(value: text, index: 0, key: key)
                values.insert(text)
                wantsValue = false
                next()
            case .comma:
                if wantsValue { values.insert("") }
                wantsValue = true
                next()
            case .close:
                if wantsValue { values.insert("") }
                next()
                return values
            default:
                throw failure("found '\(peek.literal)', expected: ',' or ')'")
            }
        }
    }

    private func validate(key: String) throws(SelectorError) {
        let messages = NameRules.qualifiedName(key)
        guard messages.isEmpty else {
            throw failure("<nil>: Invalid value: \(goQuoted(key)): \(messages.joined(separator: "; "))")
        }
    }

    private func validate(value: String, index: Int, key: String) throws(SelectorError) {
        let messages = NameRules.labelValue(value)
        guard messages.isEmpty else {
            throw failure(
                "values[\(index)][\(key)]: Invalid value: \(goQuoted(value)): \(messages.joined(separator: "; "))")
        }
    }

    private func failure(_ text: String) -> SelectorError { SelectorError("unable to parse requirement: \(text)") }

    private var peek: Token { position < tokens.count ? tokens[position] : .end }
    private mutating func next() { position += 1 }

    private static func tokens(of bytes: [UInt8]) -> [Token] {
        var tokens: [Token] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if isSpace(byte) {
                index += 1
            } else if isSymbol(byte) {
                var end = index + 1
                if byte == UInt8(ascii: "="), end < bytes.count, bytes[end] == UInt8(ascii: "=") {
                    end += 1
                    tokens.append(.doubleEquals)
                } else if byte == UInt8(ascii: "!"), end < bytes.count, bytes[end] == UInt8(ascii: "=") {
                    end += 1
                    tokens.append(.notEquals)
                } else {
                    tokens.append(symbol(byte))
                }
                index = end
            } else {
                let start = index
                while index < bytes.count, !isSpace(bytes[index]), !isSymbol(bytes[index]) { index += 1 }
                tokens.append(.word(String(decoding: bytes[start..<index], as: UTF8.self)))
            }
        }
        return tokens
    }

    private static func symbol(_ byte: UInt8) -> Token {
        switch byte {
        case UInt8(ascii: "!"): .bang
        case UInt8(ascii: ","): .comma
        case UInt8(ascii: "("): .open
        case UInt8(ascii: ")"): .close
        case UInt8(ascii: ">"): .greater
        case UInt8(ascii: "<"): .less
        default: .equals
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private static func isSymbol(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "="), UInt8(ascii: "!"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","),
            UInt8(ascii: ">"), UInt8(ascii: "<"):
            true
        default: false
        }
    }
}
