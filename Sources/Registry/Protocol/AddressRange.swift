#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Addresses with a beginning in common: `10.0.0.0/8`, `fd00::/8`, or one address alone (RFC 4632, RFC 4291). Pure.
public struct AddressRange: Hashable, Sendable {
    /// 16 bytes: addresses of the old kind are mapped.
    private let bytes: [UInt8]
    private let bits: Int

    /// - Returns: nil where the text is no range.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bytes = Self.bytes(of: String(parts[0])) else { return nil }
        let isOld = !parts[0].contains(":")
        let width = isOld ? 32 : 128
        var length = width
        if parts.count == 2 {
            guard let number = Int(parts[1]), (0...width).contains(number) else { return nil }
            length = number
        }
        self.bytes = bytes
        bits = isOld ? 96 + length : length
    }

    /// - Parameter address: as text; anything else is in no range.
    public func contains(_ address: String) -> Bool {
        guard let other = Self.bytes(of: address) else { return false }
        let whole = bits / 8
        guard bytes.prefix(whole) == other.prefix(whole) else { return false }
        let rest = bits % 8
        return rest == 0 || (bytes[whole] ^ other[whole]) >> (8 - rest) == 0
    }

    private static func bytes(of address: String) -> [UInt8]? {
        var old = in_addr()
        if inet_pton(AF_INET, address, &old) == 1 {
            return [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + withUnsafeBytes(of: old) { Array($0) }
        }
        var new = in6_addr()
        guard inet_pton(AF_INET6, address, &new) == 1 else { return nil }
        return withUnsafeBytes(of: new) { Array($0) }
    }
}
