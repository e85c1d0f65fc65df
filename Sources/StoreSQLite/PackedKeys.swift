import Foundation

/// Some keys in bytewise order, in as little memory as they need.
///
/// What all of them begin with is kept once. Behind that each one is its text, of which the hex digits at the end take half a
/// byte each: most keys end with a digest, and take 38 bytes instead of the 150 of a string.
struct PackedKeys: Sendable {
    private var prefix: [UInt8] = []
    /// Key after key: how many bytes of digits it has, its text, its digits.
    private var bytes: [UInt8] = []
    /// Where in `bytes` each key ends.
    private var ends: [UInt32] = []

    private static let digits = Array("0123456789abcdef".utf8)
    /// Fewer digits than this are left in the text.
    private static let fewestDigits = 8
    /// As many as the byte in front of a key can tell of.
    private static let mostDigits = 2 * 255

    var count: Int { ends.count }

    init() {}

    /// - Parameter keys: in bytewise order, of 4,096 bytes at most (`Transaction.Limits.keyBytes`).
    init(_ keys: [String]) {
        guard let first = keys.first, let last = keys.last else { return }
        let shared = zip(first.utf8, last.utf8).prefix { $0 == $1 }.count
        prefix = Array(first.utf8.prefix(shared))
        ends.reserveCapacity(keys.count)
        for var key in keys {
            key.withUTF8 { Self.pack($0[shared...], to: &bytes) }
            ends.append(UInt32(bytes.count))
        }
        // Appending made it up to twice as large.
        bytes = bytes.withUnsafeBufferPointer { Array($0) }
    }

    var strings: [String] { (0..<count).map { self[$0] } }

    subscript(index: Int) -> String {
        let entry = bytes[start(of: index)..<Int(ends[index])]
        let packed = Int(entry[entry.startIndex])
        let text = entry.dropFirst().dropLast(packed)
        return String(unsafeUninitializedCapacity: prefix.count + text.count + 2 * packed) { memory in
            var end = memory.update(fromContentsOf: prefix)
            end = memory[end...].update(fromContentsOf: text)
            for byte in entry.suffix(packed) {
                memory[end] = Self.digits[Int(byte >> 4)]
                memory[end + 1] = Self.digits[Int(byte & 15)]
                end += 2
            }
            return end
        }
    }

    /// The index of the first key that does not precede `key`, and whether that is `key`.
    func search(_ key: String) -> (index: Int, isFound: Bool) {
        var key = key
        return key.withUTF8 { key in
            let shared = sharedLength(key)
            guard shared == prefix.count else {
                return (shared == key.count || key[shared] < prefix[shared] ? 0 : count, false)
            }
            let rest = UnsafeBufferPointer(rebasing: key[shared...])
            return bytes.withUnsafeBufferPointer { bytes in
                var low = 0
                var high = count
                while low < high {
                    let middle = (low + high) / 2
                    let entry = UnsafeBufferPointer(rebasing: bytes[start(of: middle)..<Int(ends[middle])])
                    let order = Self.compare(entry, rest)
                    if order == 0 { return (middle, true) }
                    if order < 0 { low = middle + 1 } else { high = middle }
                }
                return (low, false)
            }
        }
    }

    // MARK: Changes

    /// Puts a key in front of the one at `index`, which is what ``search(_:)`` found for it.
    mutating func insert(_ key: String, at index: Int) {
        var key = key
        let entry: [UInt8]? = key.withUTF8 { key in
            guard count > 0, sharedLength(key) == prefix.count else { return nil }
            var entry: [UInt8] = []
            entry.reserveCapacity(1 + key.count - prefix.count)
            Self.pack(key[prefix.count...], to: &entry)
            return entry
        }
        guard let entry else {
            var keys = strings
            keys.insert(key, at: index)
            self = PackedKeys(keys)
            return
        }
        let start = start(of: index)
        bytes.reserveSparingly(entry.count)
        ends.reserveSparingly(1)
        bytes.insert(contentsOf: entry, at: start)
        ends.insert(UInt32(start), at: index)
        for later in index..<ends.count { ends[later] += UInt32(entry.count) }
    }

    mutating func remove(at index: Int) {
        let range = start(of: index)..<Int(ends[index])
        bytes.removeSubrange(range)
        ends.remove(at: index)
        for later in index..<ends.count { ends[later] -= UInt32(range.count) }
    }

    // MARK: The form of one key

    private func start(of index: Int) -> Int { index == 0 ? 0 : Int(ends[index - 1]) }

    /// How many bytes of the prefix `key` begins with.
    private func sharedLength(_ key: UnsafeBufferPointer<UInt8>) -> Int {
        let most = min(prefix.count, key.count)
        var shared = 0
        while shared < most, prefix[shared] == key[shared] { shared += 1 }
        return shared
    }

    private static func pack(_ key: Slice<UnsafeBufferPointer<UInt8>>, to bytes: inout [UInt8]) {
        var digits = 0
        for byte in key.reversed() {
            guard digits < mostDigits, value(of: byte) != nil else { break }
            digits += 1
        }
        // Two make a byte.
        digits = digits < fewestDigits ? 0 : digits & ~1
        bytes.append(UInt8(digits / 2))
        bytes.append(contentsOf: key.dropLast(digits))
        var high: UInt8?
        for byte in key.suffix(digits) {
            let value = value(of: byte) ?? 0
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
    }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    /// The order of a packed key and of a text: negative where the key comes first.
    private static func compare(_ entry: UnsafeBufferPointer<UInt8>, _ text: UnsafeBufferPointer<UInt8>) -> Int {
        let packed = entry.count - Int(entry[0])
        let plain = packed - 1
        let shared = min(plain, text.count)
        if shared > 0, let left = entry.baseAddress, let right = text.baseAddress {
            let order = memcmp(left + 1, right, shared)
            if order != 0 { return Int(order) }
        }
        guard plain <= text.count else { return 1 }
        var position = plain
        for byte in entry[packed...] {
            for value in [byte >> 4, byte & 15] {
                guard position < text.count else { return 1 }
                let digit = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
                if digit != text[position] { return Int(digit) - Int(text[position]) }
                position += 1
            }
        }
        return position - text.count
    }
}

extension Array {
    /// Makes room for more elements: a quarter more than there are, where an array would take twice as many.
    mutating func reserveSparingly(_ more: Int) {
        if count + more > capacity { reserveCapacity(count + more + count / 4) }
    }
}
