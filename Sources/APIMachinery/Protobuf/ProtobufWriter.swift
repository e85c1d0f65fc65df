/// Appends fields of a protobuf message (proto2).
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    /// The position of the next field.
    var count: Int { bytes.count }

    /// Gives back what was written from `start` on, and forgets it.
    mutating func take(from start: Int) -> [UInt8] {
        let taken = Array(bytes[start...])
        bytes.removeSubrange(start...)
        return taken
    }

    /// Forgets what was written from `start` on.
    mutating func truncate(to start: Int) { bytes.removeSubrange(start...) }

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// A whole number; negative ones take ten bytes, also those of 32 bits.
    mutating func field(_ number: Int, _ value: Int64) {
        tag(number, wireType: 0)
        varint(UInt64(bitPattern: value))
    }

    mutating func field(_ number: Int, _ value: Bool) { field(number, value ? Int64(1) : 0) }

    mutating func field(_ number: Int, _ text: String) {
        tag(number, wireType: 2)
        varint(UInt64(text.utf8.count))
        bytes += text.utf8
    }

    /// A byte field, or a message that is already encoded.
    mutating func field(_ number: Int, _ content: [UInt8]) {
        tag(number, wireType: 2)
        varint(UInt64(content.count))
        bytes += content
    }

    /// Fields that are already encoded.
    mutating func append(_ fields: [UInt8]) { bytes += fields }

    mutating func append(_ fields: ArraySlice<UInt8>) { bytes += fields }

    private mutating func tag(_ number: Int, wireType: UInt64) {
        // Numbers come from the schema, where they are checked.
        varint(UInt64(truncatingIfNeeded: number) << 3 | wireType)
    }
}
