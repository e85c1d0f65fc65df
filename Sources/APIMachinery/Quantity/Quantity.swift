import JSON

/// An amount with a unit, as Kubernetes writes limits and quotas: `2`, `500m`, `1Gi`, `1e3` (`resource.Quantity`).
///
/// Exact to the billionth. What is smaller than that is rounded away from zero, what is larger than `largest` is
/// `largest`: arithmetic never overflows.
public struct Quantity: Sendable, Hashable {
    /// How the amount is written, which is how it was written first.
    public enum Format: Sendable, Hashable {
        /// `500m`, `1k`, `2M`: powers of ten with a letter.
        case decimalSI
        /// `1Ki`, `2Gi`: powers of 1024.
        case binarySI
        /// `1e3`: powers of ten.
        case decimalExponent
    }

    /// Billionths.
    let nanos: Int128
    public let format: Format

    static let nanosPerUnit: Int128 = 1_000_000_000
    /// 10²⁸ units, in billionths: twice as much still fits.
    static let largest: Int128 = nanosPerUnit * 10_000_000_000_000 * 1_000_000_000_000_000

    init(nanos: Int128, format: Format) {
        self.nanos = min(max(nanos, -Self.largest), Self.largest)
        self.format = format
    }

    /// Zero.
    public init() { self.init(0) }

    public init(_ units: Int64, format: Format = .decimalSI) {
        self.init(nanos: Int128(units) * Self.nanosPerUnit, format: format)
    }

    public var isZero: Bool { nanos == 0 }
    public var isNegative: Bool { nanos < 0 }
    /// Whether it is a number of whole things.
    public var isWhole: Bool { nanos % Self.nanosPerUnit == 0 }

    /// Whether it is more than `other`, whatever the units they are written in.
    public func exceeds(_ other: Quantity) -> Bool { nanos > other.nanos }

    /// Whether it is as much as `other`, whatever the units they are written in. `==` also tells the units apart: two
    /// quantities are equal when their texts are.
    public func isSameAmount(as other: Quantity) -> Bool { nanos == other.nanos }

    /// Rounded away from zero to a thousandth, as core/v1 keeps the amounts of resources.
    public var roundedToThousandths: Quantity {
        let step = Self.nanosPerUnit / 1000
        let rest = nanos % step
        return rest == 0 ? self : Quantity(nanos: nanos - rest + (rest > 0 ? step : -step), format: format)
    }

    /// The number of units, for ratios in texts.
    public var approximate: Double { Double(nanos) / Double(Self.nanosPerUnit) }

    /// The sum, in the units of the first; in those of the second where the first is nothing.
    public static func + (left: Quantity, right: Quantity) -> Quantity {
        Quantity(nanos: left.nanos + right.nanos, format: left.isZero ? right.format : left.format)
    }
}

extension Quantity: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int64) { self.init(value) }
}

extension Quantity: JSONCodable {
    /// Reads a string or a number; anything else is refused like a text that is no quantity.
    public init(from reader: inout JSONReader) throws(JSONError) {
        var text = try reader.readRaw()[...]
        if text.count >= 2, text.first == UInt8(ascii: "\""), text.last == UInt8(ascii: "\"") {
            text = text.dropFirst().dropLast()
        }
        let trimmed = text.drop(while: Self.isSpace).reversed().drop(while: Self.isSpace).reversed()
        do throws(QuantityError) {
            try self.init(parsing: Array(trimmed))
        } catch {
            throw reader.invalidValue(error.text)
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    public func encode(to writer: inout JSONWriter) { writer.write(description) }

    public static var goType: StaticString { "resource.Quantity" }
}
