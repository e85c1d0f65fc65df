/// Appends fields of a protobuf message (proto3).
struct GnosticWriter {
    private(set) var bytes: [UInt8] = []

    mutating func field(_ number: Int, _ text: String) { field(number, Array(text.utf8)) }

    mutating func field(_ number: Int, _ value: Bool) {
        varint(number << 3)
        bytes.append(value ? 1 : 0)
    }

    mutating func field(_ number: Int, _ value: Double) {
        varint(number << 3 | 1)
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
        }
    }

    /// A text or a message that is already encoded.
    mutating func field(_ number: Int, _ content: [UInt8]) {
        varint(number << 3 | 2)
        varint(content.count)
        bytes += content
    }

    /// Fields that are already encoded.
    mutating func append(_ fields: [UInt8]) { bytes += fields }

    private mutating func varint(_ value: Int) {
        var rest = UInt64(truncatingIfNeeded: value)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
