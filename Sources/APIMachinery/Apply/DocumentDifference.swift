import JSON

/// Two encodings of objects of one type, cut down to where they differ.
///
/// A write mostly changes a small part of a large object. What both encodings spell in the same way need not be made
/// into trees to be compared: on a stream of 15 KB with one changed label that is nearly everything.
struct DocumentDifference {
    /// Compare as the whole documents do (`Comparison`). Elements of lists are left out whole or not at all, because
    /// the members that identify them must stay.
    private(set) var old: JSONValue
    private(set) var new: JSONValue

    /// - Parameters: compact JSON as the encoder of the type writes it.
    /// - Throws: `JSONError` for anything else.
    init(old: [UInt8], new: [UInt8]) throws(JSONError) {
        let reduced = old.withUnsafeBytes { old in
            new.withUnsafeBytes { new in
                var cut = Cut(old: old, new: new)
                let oldRange = 0..<old.count
                let newRange = 0..<new.count
                guard cut.reduce(oldRange, newRange) else { return nil as (JSONValue, JSONValue)? }
                return cut.result
            }
        }
        if let reduced {
            (self.old, self.new) = reduced
        } else {
            self.old = try JSONValue.parse(old)
            self.new = try JSONValue.parse(new)
        }
    }

    /// Reduces a pair of values; gives up on what it does not understand, and then both are taken whole.
    private struct Cut {
        /// Objects nested deeper are taken whole.
        static let depthLimit = 8

        let old: UnsafeRawBufferPointer
        let new: UnsafeRawBufferPointer
        var result: (JSONValue, JSONValue) = (.null, .null)

        /// - Returns: whether `result` is set.
        mutating func reduce(_ left: Range<Int>, _ right: Range<Int>, depth: Int = 0) -> Bool {
            if depth < Self.depthLimit, !left.isEmpty, !right.isEmpty, old[left.lowerBound] == new[right.lowerBound] {
                switch old[left.lowerBound] {
                case UInt8(ascii: "{"): return reduceObjects(left, right, depth)
                case UInt8(ascii: "["): return reduceLists(left, right)
                default: break
                }
            }
            guard let before = Self.parse(old, left), let after = Self.parse(new, right) else { return false }
            result = (before, after)
            return true
        }

        private mutating func reduceObjects(_ left: Range<Int>, _ right: Range<Int>, _ depth: Int) -> Bool {
            guard let before = JSONScanner(old).members(in: left), let after = JSONScanner(new).members(in: right)
            else { return false }
            var oldMembers = JSONObject()
            var newMembers = JSONObject()
            var matched = Set<Int>()
            for (index, member) in after.enumerated() {
                guard let partner = partner(of: member.key, near: index, in: before) else {
                    guard !isIgnored(new, member.key, depth) else { continue }
                    guard let value = Self.parse(new, member.value) else { return false }
                    newMembers[Self.text(new, member.key)] = value
                    continue
                }
                matched.insert(partner)
                if isIgnored(new, member.key, depth) || equal(before[partner].value, member.value) { continue }
                guard reduce(before[partner].value, member.value, depth: depth + 1) else { return false }
                let key = Self.text(new, member.key)
                oldMembers[key] = result.0
                newMembers[key] = result.1
            }
            for (index, member) in before.enumerated() where !matched.contains(index) {
                if isIgnored(old, member.key, depth) { continue }
                guard let value = Self.parse(old, member.value) else { return false }
                oldMembers[Self.text(old, member.key)] = value
            }
            result = (.object(oldMembers), .object(newMembers))
            return true
        }

        /// Leaves out the elements at the ends that both lists have, and between them those in the same places.
        private mutating func reduceLists(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
            guard var before = JSONScanner(old).elements(in: left), var after = JSONScanner(new).elements(in: right)
            else { return false }
            while let first = before.first, let other = after.first, equal(first, other) {
                before.removeFirst()
                after.removeFirst()
            }
            while let last = before.last, let other = after.last, equal(last, other) {
                before.removeLast()
                after.removeLast()
            }
            var oldElements: [JSONValue] = []
            var newElements: [JSONValue] = []
            let isAligned = before.count == after.count
            for index in 0..<max(before.count, after.count) {
                if isAligned && equal(before[index], after[index]) { continue }
                if index < before.count {
                    guard let value = Self.parse(old, before[index]) else { return false }
                    oldElements.append(value)
                }
                if index < after.count {
                    guard let value = Self.parse(new, after[index]) else { return false }
                    newElements.append(value)
                }
            }
            result = (.array(oldElements), .array(newElements))
            return true
        }

        /// Managed fields are compared by nobody.
        private func isIgnored(_ bytes: UnsafeRawBufferPointer, _ key: Range<Int>, _ depth: Int) -> Bool {
            depth == 1 && Self.isSame(bytes, key, Self.managedFields, Self.managedFields.indices)
        }

        private static let managedFields = Array(#""managedFields""#.utf8)

        private static func isSame(
            _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ other: [UInt8], _ otherRange: Range<Int>
        ) -> Bool {
            other.withUnsafeBytes { JSONScanner.equal(bytes, range, $0, otherRange) }
        }

        private func equal(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
            JSONScanner.equal(old, left, new, right)
        }

        private func partner(
            of key: Range<Int>, near index: Int, in members: [JSONScanner.Member]
        ) -> Int? {
            if index < members.count, equal(members[index].key, key) { return index }
            return members.firstIndex { equal($0.key, key) }
        }

        private static func parse(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> JSONValue? {
            var issues: [JSONIssue] = []
            return try? JSONValue.parse(UnsafeRawBufferPointer(rebasing: bytes[range]), issues: &issues)
        }

        private static func text(_ bytes: UnsafeRawBufferPointer, _ key: Range<Int>) -> String {
            parse(bytes, key)?.stringValue ?? ""
        }
    }
}

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
        guard object.count >= 2, bytes[object.upperBound - 1] == UInt8(ascii: "}") else { return nil }
        var members: [Member] = []
        var position = object.lowerBound + 1
        let end = object.upperBound - 1
        while position < end {
            guard bytes[position] == UInt8(ascii: "\"") else { return nil }
            let key = position..<self.end(of: position, before: end)
            guard key.upperBound < end, bytes[key.upperBound] == UInt8(ascii: ":") else { return nil }
            let start = key.upperBound + 1
            let value = start..<self.end(of: start, before: end)
            guard !value.isEmpty else { return nil }
            members.append(Member(key: key, value: value))
            guard let next = separator(at: value.upperBound, before: end) else { return nil }
            position = next
        }
        return members
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
