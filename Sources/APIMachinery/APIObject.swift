import JSON

/// A type declared in `Schema/`; everything about it is generated.
public protocol APIType: JSONCodable, Sendable, Hashable {
    static var schema: TypeSchema { get }
    /// The members without the braces around them.
    func encodeFields(to writer: inout JSONWriter)
}

/// A type that names its kind and version when it stands alone.
public protocol APIKind: APIType {
    static var groupVersionKind: GroupVersionKind { get }
}

/// A kind of object: what is stored, listed and watched.
public protocol APIObject: APIKind {
    var metadata: ObjectMeta { get set }
    /// The declaration of the list of such objects; nil where none is declared.
    static var listSchema: TypeSchema? { get }
    init()
    /// Reads the members that are there; the others stay as they are.
    mutating func readFields(from reader: inout JSONReader) throws(JSONError)
    /// The members without the braces around them, those that are as in `old` copied from its encoding.
    func encodeFields(to writer: inout JSONWriter, reusing old: Self, _ members: EncodedMembers)
    /// The members without the braces around them that are not as in `old`.
    func encodeFields(to writer: inout JSONWriter, differingFrom old: Self)
}

extension APIObject {
    public static var listSchema: TypeSchema? { nil }
}

/// A kind of list. Its items stand without kind and apiVersion.
public protocol APIList: APIKind {
    associatedtype Item: APIObject
    var metadata: ListMeta { get set }
    var items: [Item] { get set }
}

extension APIKind {
    /// `{"kind":…,"apiVersion":…,` and the members: the form of a whole answer or request.
    public func encodeTopLevel(to writer: inout JSONWriter) {
        writer.beginObject()
        encodeIdentity(to: &writer)
        encodeFields(to: &writer)
        writer.endObject()
    }

    fileprivate func encodeIdentity(to writer: inout JSONWriter) {
        let identity = Self.groupVersionKind
        writer.key("kind")
        writer.write(identity.kind)
        writer.key("apiVersion")
        writer.write(identity.apiVersion)
    }

    /// Compact JSON with kind and apiVersion, without a newline at the end.
    public func jsonBytes() -> [UInt8] {
        var writer = JSONWriter(capacity: 8192)
        encodeTopLevel(to: &writer)
        return writer.finish()
    }
}

extension APIObject {
    /// The same bytes as `jsonBytes()`, of an object that differs little from one whose bytes are at hand: what is equal
    /// is copied.
    ///
    /// - Parameter members: of the bytes of `old`, as its type writes them.
    public func jsonBytes(reusing old: Self, _ members: EncodedMembers) -> [UInt8] {
        var writer = JSONWriter(capacity: members.bytes.count + 1024)
        writer.beginObject()
        encodeIdentity(to: &writer)
        encodeFields(to: &writer, reusing: old, members)
        writer.endObject()
        return writer.finish()
    }

    /// The JSON of the members that are not as in `other`, without kind and apiVersion: `{}` where all are.
    ///
    /// Two objects have the same encoding if these parts of it are the same both ways.
    public func jsonBytes(differingFrom other: Self) -> [UInt8] {
        var writer = JSONWriter(capacity: 1024)
        writer.beginObject()
        encodeFields(to: &writer, differingFrom: other)
        writer.endObject()
        return writer.finish()
    }

    /// Reads a document that has some of the members; the others are those of `base`.
    public static func decode(
        _ bytes: [UInt8], onto base: Self, limits: JSONLimits, issues: inout [JSONIssue]
    ) throws(JSONError) -> Self {
        let (object, found) = try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) in
            try JSONReader.withReader(UnsafeRawBufferPointer(buffer), limits: limits) { (reader) throws(JSONError) in
                var object = base
                try object.readFields(from: &reader)
                try reader.finish()
                return (object, reader.issues)
            }
        }
        issues += found
        return object
    }
}

/// Where the members of an object lie in its compact encoding.
public struct EncodedMembers: Sendable {
    public let bytes: [UInt8]
    private let members: [(key: String, value: Range<Int>)]

    /// nil where `bytes` are not the compact JSON of an object.
    public init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        let found: [(String, Range<Int>)]? = bytes.withUnsafeBytes { buffer in
            JSONScanner(buffer).members(in: 0..<buffer.count)?.map { member in
                // Keys of API types need no escapes; one that has some is found by nobody.
                let key = buffer[(member.key.lowerBound + 1)..<(member.key.upperBound - 1)]
                return (String(decoding: key, as: UTF8.self), member.value)
            }
        }
        guard let found else { return nil }
        members = found
    }

    /// The encoding of a member's value.
    public subscript(key: String) -> ArraySlice<UInt8>? {
        members.first { $0.key == key }.map { bytes[$0.value] }
    }

    public var keys: [String] { members.map(\.key) }
}
