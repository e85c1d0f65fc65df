/// The 256 bits of a hash.
struct DigestBits: Hashable, Sendable {
    /// The first 64 bits first.
    private var words: (UInt64, UInt64, UInt64, UInt64)

    var first: UInt64 { words.0 }

    /// - Parameter bytes: 32.
    init(_ bytes: some Sequence<UInt8>) {
        words = (0, 0, 0, 0)
        for byte in bytes {
            words.0 = words.0 << 8 | words.1 >> 56
            words.1 = words.1 << 8 | words.2 >> 56
            words.2 = words.2 << 8 | words.3 >> 56
            words.3 = words.3 << 8 | UInt64(byte)
        }
    }

    /// - Parameter hex: 64 digits. Nil where one is none, or not in lower case.
    init?(hex: Slice<UnsafeBufferPointer<UInt8>>) {
        guard hex.count == 64 else { return nil }
        func word(_ index: Int) -> UInt64? {
            var value: UInt64 = 0
            for digit in hex[(hex.startIndex + 16 * index)...].prefix(16) {
                switch digit {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
                case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
                default: return nil
                }
            }
            return value
        }
        guard let first = word(0), let second = word(1), let third = word(2), let fourth = word(3) else { return nil }
        words = (first, second, third, fourth)
    }

    /// The digits behind a prefix of ASCII, as one text.
    func hex(after prefix: String) -> String {
        let length = prefix.utf8.count
        return String(unsafeUninitializedCapacity: length + 64) { memory in
            _ = memory.update(fromContentsOf: prefix.utf8)
            var place = length
            for var word in [words.0, words.1, words.2, words.3] {
                for digit in stride(from: place + 15, through: place, by: -1) {
                    let value = UInt8(word & 15)
                    memory[digit] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
                    word >>= 4
                }
                place += 16
            }
            return place
        }
    }

    static func == (left: DigestBits, right: DigestBits) -> Bool { left.words == right.words }

    func hash(into hasher: inout Hasher) {
        // All of them: whoever names digests in a request can choose any of these.
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}

extension DigestBits: Comparable {
    static func < (left: DigestBits, right: DigestBits) -> Bool { left.words < right.words }
}
