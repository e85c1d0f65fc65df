/// From where an address can be reached: the further down, the fewer people should be able to have requests sent there
/// (docs/security.md). Pure.
public enum AddressScope: Int, Comparable, Sendable {
    case internet
    /// Networks of one's own (RFC 1918, RFC 4193, RFC 6598).
    case privateNetwork
    /// Where this server and its neighbours listen.
    case loopback
    /// Link-local addresses, where clouds keep the credentials of machines, and those that are no single host: nothing is
    /// ever sent there because somebody else says so.
    case nowhere

    public static func < (left: AddressScope, right: AddressScope) -> Bool { left.rawValue < right.rawValue }

    /// - Parameter bytes: 4 or 16 of them, in network order.
    public init(_ bytes: [UInt8]) {
        switch bytes.count {
        case 4: self = Self.version4(bytes)
        case 16: self = Self.version6(bytes)
        default: self = .nowhere
        }
    }

    private static func version4(_ bytes: [UInt8]) -> AddressScope {
        switch (bytes[0], bytes[1]) {
        case (0, _), (224...255, _), (169, 254): .nowhere
        case (127, _): .loopback
        // Alibaba's place for the credentials of machines.
        case (100, 64...127): bytes == [100, 100, 100, 200] ? .nowhere : .privateNetwork
        case (10, _), (172, 16...31), (192, 168), (198, 18...19): .privateNetwork
        default: .internet
        }
    }

    private static func version6(_ bytes: [UInt8]) -> AddressScope {
        let head = bytes.prefix(12)
        // Addresses of the old kind in those of the new: mapped, compatible, and translated (64:ff9b::/96).
        let zeros = [UInt8](repeating: 0, count: 10)
        if head.elementsEqual(zeros + [0xFF, 0xFF])
            || head.elementsEqual([0, 0x64, 0xFF, 0x9B] + [UInt8](repeating: 0, count: 8))
        {
            return version4(Array(bytes.suffix(4)))
        }
        if head.elementsEqual(zeros + [0, 0]) {
            return bytes.suffix(4).elementsEqual([0, 0, 0, 1]) ? .loopback : .nowhere
        }
        // 6to4 carries one behind its prefix.
        if bytes[0] == 0x20, bytes[1] == 0x02 { return version4(Array(bytes[2..<6])) }
        if bytes[0] == 0xFE, bytes[1] & 0xC0 == 0x80 { return .nowhere }
        if bytes[0] == 0xFE, bytes[1] & 0xC0 == 0xC0 { return .privateNetwork }
        if bytes[0] == 0xFF { return .nowhere }
        // Amazon's place for the credentials of machines.
        if bytes == [0xFD, 0, 0x0E, 0xC2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54] { return .nowhere }
        return bytes[0] & 0xFE == 0xFC ? .privateNetwork : .internet
    }
}
