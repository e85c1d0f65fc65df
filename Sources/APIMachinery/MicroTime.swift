import JSON

/// A moment to the microsecond, UTC (`metav1.MicroTime`): `2026-01-02T03:04:05.000006Z` in JSON, `null` when zero.
public struct MicroTime: Sendable, Hashable, Comparable {
    public var microsecondsSince1970: Int64

    /// Go's zero time, 0001-01-01T00:00:00Z.
    private static let zeroMicroseconds: Int64 = -62_135_596_800_000_000

    /// The zero time: none.
    public init() { microsecondsSince1970 = Self.zeroMicroseconds }

    public init(microsecondsSince1970: Int64) { self.microsecondsSince1970 = microsecondsSince1970 }

    /// Reads RFC 3339 with any offset and six decimals.
    public init(parsing text: String) throws(TimeParseError) {
        let (seconds, nanoseconds) = try RFC3339.parse(text, .micros)
        microsecondsSince1970 = seconds * 1_000_000 + Int64(nanoseconds / 1_000)
    }

    public var isZero: Bool { microsecondsSince1970 == Self.zeroMicroseconds }

    public static func < (left: MicroTime, right: MicroTime) -> Bool {
        left.microsecondsSince1970 < right.microsecondsSince1970
    }
}

extension MicroTime: CustomStringConvertible {
    /// `2026-01-02T03:04:05.000006Z`.
    public var description: String {
        let (quotient, remainder) = microsecondsSince1970.quotientAndRemainder(dividingBy: 1_000_000)
        let seconds = remainder < 0 ? quotient - 1 : quotient
        var out: [UInt8] = []
        CivilTime(secondsSince1970: seconds).append(to: &out)
        out.append(UInt8(ascii: "."))
        CivilTime.append(Int(remainder < 0 ? remainder + 1_000_000 : remainder), digits: 6, to: &out)
        out.append(UInt8(ascii: "Z"))
        return String(decoding: out, as: UTF8.self)
    }
}

extension MicroTime: JSONCodable {
    public init(from reader: inout JSONReader) throws(JSONError) {
        let text = try reader.readDetachedString()
        do throws(TimeParseError) {
            try self.init(parsing: text)
        } catch {
            throw reader.invalidValue(error.message)
        }
    }

    public func encode(to writer: inout JSONWriter) {
        if isZero { writer.writeNull() } else { writer.write(description) }
    }

    public static var goType: StaticString { "v1.MicroTime" }
}
