import JSON

/// Any JSON value, kept as bytes and decoded only when asked for (`runtime.RawExtension`).
public struct RawJSON: Sendable, Hashable {
    /// Compact JSON with Go's HTML escapes; empty if there is no value.
    public private(set) var bytes: [UInt8]

    /// No value.
    public init() { bytes = [] }

    /// Takes over `compact`, which must be valid compact JSON.
    public init(compact: [UInt8]) { bytes = compact }

    public init(_ value: JSONValue) { bytes = value.jsonBytes() }

    /// Checks and compacts `text`.
    public init(parsing text: [UInt8]) throws(JSONError) {
        bytes = try JSONReader.withReader(text) { (reader) throws(JSONError) in
            let raw = try reader.readRaw()
            try reader.finish()
            return raw
        }
    }

    public var isEmpty: Bool { bytes.isEmpty }

    /// The value as a tree; `null` if there is none.
    public func value() throws(JSONError) -> JSONValue { isEmpty ? .null : try JSONValue.parse(bytes) }
}

extension RawJSON: JSONCodable {
    public init(from reader: inout JSONReader) throws(JSONError) { bytes = try reader.readRaw() }

    public func encode(to writer: inout JSONWriter) {
        if isEmpty { writer.writeNull() } else { writer.write(raw: bytes) }
    }

    public static var goType: StaticString { "runtime.RawExtension" }
}
