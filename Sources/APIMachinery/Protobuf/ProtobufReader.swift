/// One message on the wire, read field by field (proto2).
///
/// Works on a range of shared bytes, so that a nested message is another reader over the same buffer. No input traps:
/// lengths are checked before they are used, groups are skipped without recursion.
struct ProtobufReader {
    /// The content of one field.
    enum Value {
        case number(UInt64)
        /// Where the bytes of a string, byte field or message stand.
        case bytes(Range<Int>)
        /// A form no declared field has; its content was passed over.
        case other(wireType: Int)

        var wireType: Int {
            switch self {
            case .number: 0
            case .bytes: 2
            case .other(let wireType): wireType
            }
        }
    }

    let bytes: [UInt8]
    private var position: Int
    private let end: Int

    init(_ bytes: [UInt8]) {
        self.init(bytes, bytes.indices)
    }

    /// - Parameter range: must lie within `bytes`.
    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { position >= end }

    /// The next field, nil at the end of the message.
    mutating func next() throws(ProtobufError) -> (number: Int, value: Value)? {
        guard position < end else { return nil }
        let (number, wireType) = try tag()
        switch wireType {
        case 0: return (number, .number(try varint()))
        case 2: return (number, .bytes(try delimited()))
        case 1: try skip(8)
        case 5: try skip(4)
        case 3: try skipGroup()
        case 4: throw .strayEndOfGroup
        default: throw .illegalTag(field: number, wireType: wireType)
        }
        return (number, .other(wireType: wireType))
    }

    /// A number of 7 bits a byte, the lowest first.
    mutating func varint() throws(ProtobufError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard shift < 64 else { throw .overflow }
            guard position < end else { throw .truncated }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    private mutating func tag() throws(ProtobufError) -> (number: Int, wireType: Int) {
        let tag = try varint()
        let number = Int(Int32(truncatingIfNeeded: tag >> 3))
        let wireType = Int(tag & 7)
        guard number > 0 else { throw .illegalTag(field: number, wireType: wireType) }
        return (number, wireType)
    }

    private mutating func delimited() throws(ProtobufError) -> Range<Int> {
        let length = try varint()
        guard let length = Int(exactly: length) else { throw .negativeLength }
        let start = position
        try skip(length)
        return start..<position
    }

    private mutating func skip(_ count: Int) throws(ProtobufError) {
        guard count <= end - position else { throw .truncated }
        position += count
    }

    /// Passes over a group, whatever it holds. A counter is enough: which group an end belongs to does not matter.
    private mutating func skipGroup() throws(ProtobufError) {
        var depth = 1
        while depth > 0 {
            let (number, wireType) = try tag()
            switch wireType {
            case 0: _ = try varint()
            case 1: try skip(8)
            case 2: _ = try delimited()
            case 3: depth += 1
            case 4: depth -= 1
            case 5: try skip(4)
            default: throw .illegalTag(field: number, wireType: wireType)
            }
        }
    }
}
