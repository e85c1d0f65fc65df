import Foundation
import Synchronization

/// Makes identifiers whose order as text is the order in which they were made: 48 bits of milliseconds and 80 random
/// bits that count on within a millisecond, in Crockford's base 32 (26 characters).
public final class OrderedIDs: Sendable {
    public static let shared = OrderedIDs()

    private struct State {
        var milliseconds: UInt64 = 0
        var high: UInt16 = 0
        var low: UInt64 = 0
    }
    private let state = Mutex(State())

    public init() {}

    public func next() -> String {
        let now = UInt64(max(0, Date().timeIntervalSince1970 * 1000))
        return state.withLock { state in
            if now > state.milliseconds {
                state.milliseconds = now
                // The uppermost bit stays free, so that counting on cannot overflow in practice.
                state.high = UInt16.random(in: 0...UInt16.max >> 1)
                state.low = UInt64.random(in: 0...UInt64.max)
            } else {
                // Within a millisecond, or after the clock went back: order goes before time.
                let (low, overflow) = state.low.addingReportingOverflow(1)
                state.low = low
                if overflow { state.high &+= 1 }
            }
            return Self.text(milliseconds: state.milliseconds, high: state.high, low: state.low)
        }
    }

    /// An identifier that comes before all that are made from some time ago on.
    public static func first(ago age: Duration) -> String {
        let start = Date().timeIntervalSince1970 - age / .seconds(1)
        return text(milliseconds: UInt64(max(0, start * 1000)), high: 0, low: 0)
    }

    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    /// Whether a text has the form of an identifier.
    static func isID(_ text: String) -> Bool { text.utf8.count == 26 && text.utf8.allSatisfy(alphabet.contains) }

    static func text(milliseconds: UInt64, high: UInt16, low: UInt64) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(26)
        for shift in stride(from: 45, through: 0, by: -5) { bytes.append(alphabet[Int(milliseconds >> shift & 31)]) }
        // 80 bits: 16 of `high`, then 64 of `low`.
        for position in stride(from: 75, through: 0, by: -5) {
            var bits: UInt64 = 0
            for bit in 0..<5 {
                let index = position + bit
                let set = index >= 64 ? UInt64(high) >> (index - 64) & 1 : low >> index & 1
                bits |= set << bit
            }
            bytes.append(alphabet[Int(bits)])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
