import JSON

/// A moment to the second, UTC (`metav1.Time`): `2026-01-02T03:04:05Z` in JSON, `null` when zero.
public struct Timestamp: Sendable, Hashable, Comparable {
    public var secondsSince1970: Int64

    /// Go's zero time, 0001-01-01T00:00:00Z.
    private static let zeroSeconds: Int64 = -62_135_596_800

    /// The zero time: none.
    public init() { secondsSince1970 = Self.zeroSeconds }

    public init(secondsSince1970: Int64) { self.secondsSince1970 = secondsSince1970 }

    /// Reads RFC 3339 with any offset; fractions of seconds are dropped.
    public init(parsing text: String) throws(TimeParseError) {
        secondsSince1970 = try RFC3339.parse(text, .seconds).seconds
    }

    public var isZero: Bool { secondsSince1970 == Self.zeroSeconds }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.secondsSince1970 < right.secondsSince1970
    }
}

extension Timestamp: CustomStringConvertible {
    /// `2026-01-02T03:04:05Z`; the zero time as `0001-01-01T00:00:00Z`.
    public var description: String { String(decoding: ascii, as: UTF8.self) }

    fileprivate var ascii: [UInt8] {
        CivilTime(secondsSince1970: secondsSince1970).text() + [UInt8(ascii: "Z")]
    }
}

extension Timestamp: JSONCodable {
    public init(from reader: inout JSONReader) throws(JSONError) {
        let text = try reader.readDetachedString()
        do throws(TimeParseError) {
            try self.init(parsing: text)
        } catch {
            throw reader.invalidValue(error.message)
        }
    }

    public func encode(to writer: inout JSONWriter) {
        if isZero {
            writer.writeNull()
        } else {
            writer.write(raw: [UInt8(ascii: "\"")] + ascii + [UInt8(ascii: "\"")])
        }
    }

    public static var goType: StaticString { "v1.Time" }
}
