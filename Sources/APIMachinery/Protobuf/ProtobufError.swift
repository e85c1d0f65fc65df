/// Why bytes are not the protobuf message that was asked for, in the words of the reference's decoders.
public enum ProtobufError: Error, Sendable, Hashable, CustomStringConvertible {
    /// No bytes at all.
    case empty
    /// The magic bytes of the envelope are missing.
    case noMagic
    /// The magic bytes with nothing behind them.
    case emptyBody
    /// The message ends inside a field.
    case truncated
    /// A number of more than 64 bits.
    case overflow
    /// A length beyond what a message can have.
    case negativeLength
    /// A group ends that was not begun.
    case strayEndOfGroup
    case illegalTag(field: Int, wireType: Int)
    case wrongWireType(field: String, wireType: Int)
    /// Well-formed, but no value of the field.
    case invalidValue(field: String, String)

    public var description: String {
        switch self {
        case .empty: "empty data"
        case .noMagic: "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        case .emptyBody: "empty body"
        case .truncated: "unexpected EOF"
        case .overflow: "proto: integer overflow"
        case .negativeLength: "proto: negative length found during unmarshaling"
        case .strayEndOfGroup: "proto: wiretype end group for non-group"
        case .illegalTag(let field, let wireType): "proto: illegal tag \(field) (wire type \(wireType))"
        case .wrongWireType(let field, let wireType): "proto: wrong wireType = \(wireType) for field \(field)"
        case .invalidValue(let field, let text): "proto: field \(field): \(text)"
        }
    }
}
