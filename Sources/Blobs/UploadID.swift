/// The name of an upload: a random UUID, which nobody can guess (spec/registry.md 1.10, U-1).
public struct UploadID: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A new one, with 122 random bits.
    public static func random() -> UploadID {
        var generator = SystemRandomNumberGenerator()
        return UploadID(
            high: generator.next() & ~0xF000 | 0x4000, low: generator.next() & ~(0b11 << 62) | 0b10 << 62)
    }
}

extension UploadID: LosslessStringConvertible {
    private static let dashes: Set<Int> = [8, 13, 18, 23]

    /// - Parameter text: 36 characters in the one form that `description` gives; everything else is nil.
    public init?(_ text: String) {
        guard text.utf8.count == 36 else { return nil }
        var words: [UInt64] = [0, 0]
        var digits = 0
        for (index, byte) in text.utf8.enumerated() {
            if Self.dashes.contains(index) {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            default: return nil
            }
            words[digits / 16] = words[digits / 16] << 4 | UInt64(digit)
            digits += 1
        }
        self.init(high: words[0], low: words[1])
    }

    public var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for index in 0..<32 {
            if Self.dashes.contains(text.count) { text.append(UInt8(ascii: "-")) }
            let digit = UInt8((index < 16 ? high : low) >> UInt64(60 - index % 16 * 4) & 0xF)
            text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension UploadID: Comparable {
    public static func < (left: UploadID, right: UploadID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}
