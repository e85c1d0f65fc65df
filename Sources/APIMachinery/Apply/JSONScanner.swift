/// Finds the parts of compact JSON without decoding them. Bad input gives nil or odd ranges, never an access outside.
struct JSONScanner {
    struct Member {
        /// With its quotation marks.
        var key: Range<Int>
        var value: Range<Int>
    }

    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    func members(in object: Range<Int>) -> [Member]? {
        var members: [Member] = []
        return forEachMember(in: object) { members.append($0) } ? members : nil
    }

    /// Hands the members of an object to `body`, in order.
    /// - Returns: whether there was an object, up to its end.
    func forEachMember(in object: Range<Int>, _ body: (Member) -> Void) -> Bool {
        guard object.count >= 2, bytes[object.upperBound - 1] == UInt8(ascii: "}") else { return false }
        var position = object.lowerBound + 1
        let end = object.upperBound - 1
        while position < end {
            guard bytes[position] == UInt8(ascii: "\"") else { return false }
            let key = position..<self.end(of: position, before: end)
            guard key.upperBound < end, bytes[key.upperBound] == UInt8(ascii: ":") else { return false }
            let start = key.upperBound + 1
            let value = start..<self.end(of: start, before: end)
            guard !value.isEmpty else { return false }
            body(Member(key: key, value: value))
            guard let next = separator(at: value.upperBound, before: end) else { return false }
            position = next
        }
        return true
    }

    func elements(in list: Range<Int>) -> [Range<Int>]? {
        guard list.count >= 2, bytes[list.upperBound - 1] == UInt8(ascii: "]") else { return nil }
        var elements: [Range<Int>] = []
        var position = list.lowerBound + 1
        let end = list.upperBound - 1
        while position < end {
            let element = position..<self.end(of: position, before: end)
            guard !element.isEmpty else { return nil }
            elements.append(element)
            guard let next = separator(at: element.upperBound, before: end) else { return nil }
            position = next
        }
        return elements
    }

    /// Where the next part begins; nil where there is no comma and no end.
    private func separator(at position: Int, before end: Int) -> Int? {
        if position == end { return end }
        return bytes[position] == UInt8(ascii: ",") && position + 1 < end ? position + 1 : nil
    }

    /// Where the value that begins at `start` ends.
    private func end(of start: Int, before end: Int) -> Int {
        var position = start
        var depth = 0
        while position < end {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                while position < end, bytes[position] != UInt8(ascii: "\"") {
                    position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
                }
                position = min(position + 1, end)
                if depth == 0 { return position }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return position }
                depth -= 1
                position += 1
                if depth == 0 { return position }
            case UInt8(ascii: ","):
                if depth == 0 { return position }
                position += 1
            default: position += 1
            }
        }
        return end
    }

    static func equal(
        _ left: UnsafeRawBufferPointer, _ leftRange: Range<Int>, _ right: UnsafeRawBufferPointer,
        _ rightRange: Range<Int>
    ) -> Bool {
        let count = leftRange.count
        guard count == rightRange.count else { return false }
        var index = 0
        while index + 8 <= count {
            let left = left.loadUnaligned(fromByteOffset: leftRange.lowerBound + index, as: UInt64.self)
            let right = right.loadUnaligned(fromByteOffset: rightRange.lowerBound + index, as: UInt64.self)
            if left != right { return false }
            index += 8
        }
        while index < count {
            if left[leftRange.lowerBound + index] != right[rightRange.lowerBound + index] { return false }
            index += 1
        }
        return true
    }
}
