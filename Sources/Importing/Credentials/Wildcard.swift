/// Shell patterns for one label of a host name: `*`, `?`, `[a-z]`, `[^a]` and `\`.
///
/// The time is at most the product of both lengths: patterns come from users.
enum Wildcard {
    private enum Element: Equatable {
        case any
        case one
        case byte(UInt8)
        case set([ClosedRange<UInt8>], isNegated: Bool)

        func matches(_ byte: UInt8) -> Bool {
            switch self {
            case .any, .one: true
            case .byte(let own): own == byte
            case .set(let ranges, let isNegated): ranges.contains { $0.contains(byte) } != isNegated
            }
        }
    }

    /// What is no pattern matches itself only: `[::1]` is an address.
    static func matches(_ pattern: Substring, _ text: Substring) -> Bool {
        if pattern.utf8.elementsEqual(text.utf8) { return true }
        guard let elements = elements(of: Array(pattern.utf8)) else { return false }
        return matches(elements, Array(text.utf8))
    }

    /// Goes back to the last `*` only: what earlier ones took need not change.
    private static func matches(_ elements: [Element], _ text: [UInt8]) -> Bool {
        var (element, position) = (0, 0)
        var retry: (element: Int, position: Int)?
        while position < text.count {
            if element < elements.count, elements[element] == .any {
                retry = (element, position)
                element += 1
            } else if element < elements.count, elements[element].matches(text[position]) {
                element += 1
                position += 1
            } else if let last = retry {
                retry = (last.element, last.position + 1)
                element = last.element + 1
                position = last.position + 1
            } else {
                return false
            }
        }
        return elements[element...].allSatisfy { $0 == .any }
    }

    private static func elements(of pattern: [UInt8]) -> [Element]? {
        var elements: [Element] = []
        var rest = pattern[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "*"): elements.append(.any)
            case UInt8(ascii: "?"): elements.append(.one)
            case UInt8(ascii: "\\"):
                guard let literal = rest.popFirst() else { return nil }
                elements.append(.byte(literal))
            case UInt8(ascii: "["):
                guard let set = set(from: &rest) else { return nil }
                elements.append(set)
            default: elements.append(.byte(byte))
            }
        }
        return elements
    }

    /// Reads up to the closing bracket.
    private static func set(from rest: inout ArraySlice<UInt8>) -> Element? {
        let isNegated = rest.first == UInt8(ascii: "^")
        if isNegated { rest = rest.dropFirst() }
        var ranges: [ClosedRange<UInt8>] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "]") { return ranges.isEmpty ? nil : .set(ranges, isNegated: isNegated) }
            guard let low = byte == UInt8(ascii: "\\") ? rest.popFirst() : byte else { return nil }
            var high = low
            if rest.first == UInt8(ascii: "-") {
                rest = rest.dropFirst()
                guard let next = rest.popFirst(), next != UInt8(ascii: "]") else { return nil }
                high = next
            }
            guard low <= high else { return nil }
            ranges.append(low...high)
        }
        return nil
    }
}
