import JSON

/// The form of every protobuf body but streams: four magic bytes and a `runtime.Unknown` that names the kind of the
/// object and holds its message (spec/api-machinery.md 1.7).
public struct ProtobufEnvelope: Sendable, Hashable {
    public static let mediaType = "application/vnd.kubernetes.protobuf"
    /// `k8s` and a zero byte.
    public static let magic: [UInt8] = [0x6B, 0x38, 0x73, 0x00]

    /// Empty where the sender leaves it to the receiver to know.
    public var apiVersion: String
    /// Empty where the sender leaves it to the receiver to know.
    public var kind: String
    /// The message of the object, without kind and version.
    public var message: [UInt8]

    public init(apiVersion: String, kind: String, message: [UInt8]) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.message = message
    }

    /// Reads an envelope; what it contains is not looked at yet.
    public init(parsing bytes: [UInt8]) throws(ProtobufError) {
        guard !bytes.isEmpty else { throw .empty }
        guard bytes.starts(with: Self.magic) else { throw .noMagic }
        guard bytes.count > Self.magic.count else { throw .emptyBody }
        self.init(apiVersion: "", kind: "", message: [])
        var reader = ProtobufReader(bytes, Self.magic.count..<bytes.count)
        while let (number, value) = try reader.next() {
            guard (1...4).contains(number) else { continue }
            guard case .bytes(let range) = value else {
                throw .wrongWireType(field: Self.fieldNames[number - 1], wireType: value.wireType)
            }
            // The encoding and the type of the content, 3 and 4, say nothing: requests leave them empty.
            if number == 1 { try readTypeMeta(ProtobufReader(bytes, range)) }
            if number == 2 { message = Array(bytes[range]) }
        }
    }

    private static let fieldNames = ["typeMeta", "raw", "contentEncoding", "contentType"]

    private mutating func readTypeMeta(_ message: ProtobufReader) throws(ProtobufError) {
        var reader = message
        while let (number, value) = try reader.next() {
            guard number == 1 || number == 2 else { continue }
            let name = number == 1 ? "apiVersion" : "kind"
            guard case .bytes(let range) = value else { throw .wrongWireType(field: name, wireType: value.wireType) }
            let text = String(decoding: reader.bytes[range], as: UTF8.self)
            if number == 1 { apiVersion = text } else { kind = text }
        }
    }

    /// The envelope as it is sent.
    public var bytes: [UInt8] {
        var typeMeta = ProtobufWriter()
        typeMeta.field(1, apiVersion)
        typeMeta.field(2, kind)
        var writer = ProtobufWriter()
        writer.append(Self.magic)
        writer.field(1, typeMeta.bytes)
        writer.field(2, message)
        writer.field(3, "")
        writer.field(4, "")
        return writer.bytes
    }
}

extension ProtobufEnvelope {
    /// Envelops an object of the type `schema`; kind and version are those the JSON names.
    /// - Throws: `JSONError` where `json` is no object of the type.
    public init(json: [UInt8], schema: TypeSchema) throws(JSONError) {
        var encoder = ProtobufEncoder()
        let message = try encoder.document(json, schema)
        self.init(apiVersion: encoder.apiVersion, kind: encoder.kind, message: message)
    }

    /// The JSON of the object, read as a `schema`, with the kind and the version that the envelope names.
    ///
    /// Only what the message holds is written; what is absent has no member.
    /// - Returns: compact JSON, and whether strings that were not UTF-8 had to be repaired in it.
    public func json(_ schema: TypeSchema) throws(ProtobufError) -> (json: [UInt8], repairsText: Bool) {
        var decoder = ProtobufDecoder()
        let json = try decoder.document(message, schema, identity: (kind, apiVersion))
        return (json, decoder.repairsText)
    }
}

extension TypeSchema {
    /// The protobuf message of an object of this type, without an envelope.
    /// - Throws: `JSONError` where `json` is no object of the type.
    public func protobuf(ofJSON json: [UInt8]) throws(JSONError) -> [UInt8] {
        var encoder = ProtobufEncoder()
        return try encoder.document(json, self)
    }

    /// The JSON of a protobuf message of this type, without kind and version.
    public func json(ofProtobuf message: [UInt8]) throws(ProtobufError) -> [UInt8] {
        var decoder = ProtobufDecoder()
        return try decoder.document(message, self, identity: nil)
    }
}
