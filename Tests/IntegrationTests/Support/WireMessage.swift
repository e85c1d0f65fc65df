/// A protobuf message by its field numbers: what tests read and write without the server's own code.
struct WireMessage {
    private(set) var fields: [(number: Int, value: [UInt8])] = []

    /// The message within the envelope `k8s\0` (spec/api-machinery.md 1.7), with its type.
    static func enveloped(_ bytes: [UInt8]) throws -> (apiVersion: String?, kind: String?, object: WireMessage) {
        guard bytes.starts(with: magic) else { throw TestFailure("no envelope: \(bytes.prefix(16))") }
        let envelope = try WireMessage(Array(bytes.dropFirst(magic.count)))
        let type = try envelope.message(1)
        return (type.text(1), type.text(2), try envelope.message(2))
    }

    static let magic: [UInt8] = [0x6b, 0x38, 0x73, 0]

    /// An object within the envelope.
    static func envelope(apiVersion: String, kind: String, _ object: [UInt8]) -> [UInt8] {
        magic + field(1, field(1, apiVersion) + field(2, kind)) + field(2, object)
    }

    /// A field of bytes.
    static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        var length: [UInt8] = []
        var rest = bytes.count
        while rest >= 0x80 {
            length.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return [number << 3 | 2] + length + [UInt8(rest)] + bytes
    }

    static func field(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

    init(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        func varint() throws -> UInt64 {
            var value: UInt64 = 0
            for shift in stride(from: 0, to: 64, by: 7) {
                guard let byte = rest.popFirst() else { throw TestFailure("the message ends within a number") }
                value |= UInt64(byte & 0x7f) << UInt64(shift)
                if byte < 0x80 { return value }
            }
            throw TestFailure("a number of more than 64 bits")
        }
        while !rest.isEmpty {
            let tag = try varint()
            switch tag & 7 {
            case 0: fields.append((Int(tag >> 3), [UInt8](String(try varint()).utf8)))
            case 2:
                let length = Int(try varint())
                guard length <= rest.count else { throw TestFailure("the message ends within a field") }
                fields.append((Int(tag >> 3), Array(rest.prefix(length))))
                rest = rest.dropFirst(length)
            default: throw TestFailure("wire type \(tag & 7)")
            }
        }
    }

    /// The first value of a field; a number as its decimal digits.
    func bytes(_ number: Int) -> [UInt8]? { fields.first { $0.number == number }?.value }

    func text(_ number: Int) -> String? { bytes(number).map { String(decoding: $0, as: UTF8.self) } }

    /// The message in a field; an empty one where it is absent.
    func message(_ number: Int) throws -> WireMessage { try WireMessage(bytes(number) ?? []) }
}
