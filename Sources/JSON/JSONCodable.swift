/// A type with one JSON form. Conformances of API types are generated from `Schema/`, never written by hand.
public protocol JSONCodable {
    /// The empty value: what an absent or `null` member means.
    init()
    /// Reads the value that is next; `null` never reaches this.
    init(from reader: inout JSONReader) throws(JSONError)
    func encode(to writer: inout JSONWriter)
    /// What error texts call the type: `v1.ImageStreamSpec`.
    static var goType: StaticString { get }
}

extension JSONCodable {
    /// Reads a whole text; `issues` receives unknown and duplicate fields.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, limits: JSONLimits = .standard, issues: inout [JSONIssue]
    ) throws(JSONError) -> Self {
        let (value, found) = try JSONReader.withReader(bytes, limits: limits) { (reader) throws(JSONError) in
            do throws(JSONError) {
                let value = try reader.readNull() ? Self() : try Self(from: &reader)
                try reader.finish()
                return (value, reader.issues)
            } catch {
                throw error.kind == .syntax ? error : reader.syntaxError() ?? error
            }
        }
        issues += found
        return value
    }

    /// Reads a whole text; `issues` receives unknown and duplicate fields.
    public static func decode(
        _ bytes: [UInt8], limits: JSONLimits = .standard, issues: inout [JSONIssue]
    ) throws(JSONError) -> Self {
        try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) -> Self in
            try decode(UnsafeRawBufferPointer(buffer), limits: limits, issues: &issues)
        }
    }

    /// Reads a whole text, dropping unknown fields.
    public static func decode(_ bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) -> Self {
        var issues: [JSONIssue] = []
        return try decode(bytes, limits: limits, issues: &issues)
    }

    /// Compact JSON of this value alone.
    public func encodedBytes() -> [UInt8] {
        var writer = JSONWriter()
        encode(to: &writer)
        return writer.finish()
    }
}

extension String: JSONCodable {
    public init(from reader: inout JSONReader) throws(JSONError) { self = try reader.readString() }
    public func encode(to writer: inout JSONWriter) { writer.write(self) }
    public static var goType: StaticString { "string" }
}

extension Bool: JSONCodable {
    public init(from reader: inout JSONReader) throws(JSONError) { self = try reader.readBool() }
    public func encode(to writer: inout JSONWriter) { writer.write(self) }
    public static var goType: StaticString { "bool" }
}

extension Int64: JSONCodable {
    public init(from reader: inout JSONReader) throws(JSONError) { self = try reader.readInt64() }
    public func encode(to writer: inout JSONWriter) { writer.write(self) }
    public static var goType: StaticString { "int64" }
}

extension Int32: JSONCodable {
    public init(from reader: inout JSONReader) throws(JSONError) { self = try reader.readInt32() }
    public func encode(to writer: inout JSONWriter) { writer.write(Int64(self)) }
    public static var goType: StaticString { "int32" }
}

extension JSONValue: JSONCodable {
    public init() { self = .null }
    public init(from reader: inout JSONReader) throws(JSONError) { self = try reader.readValue() }
    public func encode(to writer: inout JSONWriter) { writer.write(self) }
    public static var goType: StaticString { "interface {}" }
}
