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
        let identity = Self.groupVersionKind
        writer.beginObject()
        writer.key("kind")
        writer.write(identity.kind)
        writer.key("apiVersion")
        writer.write(identity.apiVersion)
        encodeFields(to: &writer)
        writer.endObject()
    }

    /// Compact JSON with kind and apiVersion, without a newline at the end.
    public func jsonBytes() -> [UInt8] {
        var writer = JSONWriter(capacity: 8192)
        encodeTopLevel(to: &writer)
        return writer.finish()
    }
}
