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
        if let plain = RFC3339.plain(text) {
            secondsSince1970 = plain
        } else {
            secondsSince1970 = try RFC3339.parse(text, .seconds).seconds
        }
    }

    public var isZero: Bool { secondsSince1970 == Self.zeroSeconds }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.secondsSince1970 < right.secondsSince1970
    }
}

extension Timestamp: CustomStringConvertible {
    /// `2026-01-02T03:04:05Z`; the zero time as `0001-01-01T00:00:00Z`.
    public var description: String {
        var out: [UInt8] = []
        append(to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    fileprivate func append(to out: inout [UInt8]) {
        CivilTime(secondsSince1970: secondsSince1970).append(to: &out)
        out.append(UInt8(ascii: "Z"))
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
            var quoted: [UInt8] = []
            quoted.reserveCapacity(24)
            quoted.append(UInt8(ascii: "\""))
            append(to: &quoted)
            quoted.append(UInt8(ascii: "\""))
            writer.write(raw: quoted)
        }
    }

    public static var goType: StaticString { "v1.Time" }
}
