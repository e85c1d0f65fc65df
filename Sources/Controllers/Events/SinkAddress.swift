/// Which addresses requests may go to whose targets users choose (docs/security.md). Pure.
///
/// Never link-local ones, where clouds keep the credentials of machines, nor those that are no single host; loopback,
/// where this server and its neighbours listen, only where the operator says so. Private networks are let through:
/// that is where sinks are.
public enum SinkAddress {
    /// - Parameter bytes: 4 or 16 of them, in network order.
    public static func isAllowed(_ bytes: [UInt8], allowsLoopback: Bool) -> Bool {
        switch bytes.count {
        case 4: isAllowedV4(bytes, allowsLoopback)
        case 16: isAllowedV6(bytes, allowsLoopback)
        default: false
        }
    }

    private static func isAllowedV4(_ bytes: [UInt8], _ allowsLoopback: Bool) -> Bool {
        switch bytes[0] {
        case 0, 224...255: return false
        case 127: return allowsLoopback
        case 169: return bytes[1] != 254
        // Alibaba's place for the credentials of machines.
        case 100: return bytes != [100, 100, 100, 200]
        default: return true
        }
    }

    private static func isAllowedV6(_ bytes: [UInt8], _ allowsLoopback: Bool) -> Bool {
        let head = bytes.prefix(12)
        // Addresses of the old kind in those of the new: mapped, compatible, and translated (64:ff9b::/96).
        let zeros = [UInt8](repeating: 0, count: 10)
        if head.elementsEqual(zeros + [0xFF, 0xFF])
            || head.elementsEqual([0, 0x64, 0xFF, 0x9B] + [UInt8](repeating: 0, count: 8))
        {
            return isAllowedV4(Array(bytes.suffix(4)), allowsLoopback)
        }
        if head.elementsEqual(zeros + [0, 0]) {
            return bytes.suffix(4).elementsEqual([0, 0, 0, 1]) && allowsLoopback
        }
        // 6to4 carries one behind its prefix.
        if bytes[0] == 0x20, bytes[1] == 0x02 { return isAllowedV4(Array(bytes[2..<6]), allowsLoopback) }
        if bytes[0] == 0xFE, bytes[1] & 0xC0 == 0x80 { return false }
        if bytes[0] == 0xFF { return false }
        // Amazon's place for the credentials of machines.
        if bytes == [0xFD, 0, 0x0E, 0xC2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54] { return false }
        return true
    }
}
