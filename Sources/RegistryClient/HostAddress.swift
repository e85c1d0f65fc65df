import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#endif

/// One address of a host.
public struct HostAddress: Hashable, Sendable {
    /// As it is written, without brackets.
    public let text: String
    public let scope: AddressScope

    public struct NotFound: Error {}

    private init?(_ address: SocketAddress) {
        guard let text = address.ipAddress else { return nil }
        self.text = text
        switch address {
        case .v4(let address): scope = AddressScope(withUnsafeBytes(of: address.address.sin_addr) { Array($0) })
        case .v6(let address): scope = AddressScope(withUnsafeBytes(of: address.address.sin6_addr) { Array($0) })
        case .unixDomainSocket: return nil
        }
    }

    /// The bytes of an address, in network order; nil for a name. An address of the older kind in one of the newer is one
    /// of the older.
    /// - Parameter text: of the newer kind perhaps in brackets.
    static func bytes(of text: String) -> [UInt8]? {
        let bare = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        switch try? SocketAddress(ipAddress: bare, port: 0) {
        case .v4(let address): return withUnsafeBytes(of: address.address.sin_addr) { Array($0) }
        case .v6(let address):
            let bytes = withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
            let isMapped = bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF])
            return isMapped ? Array(bytes.suffix(4)) : bytes
        default: return nil
        }
    }

    /// The addresses of a host, the best first, in the system's way.
    /// - Parameter host: a name, or an address, of the newer kind perhaps in brackets.
    /// - Throws: `NotFound` where there is none.
    public static func all(of host: String) async throws -> [HostAddress] {
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        if let literal = try? SocketAddress(ipAddress: bare, port: 0) { return [literal].compactMap(HostAddress.init) }
        return try await NIOThreadPool.singleton.runIfActive { try look(up: bare) }
    }

    /// Blocks.
    private static func look(up host: String) throws -> [HostAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_family = AF_UNSPEC
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { throw NotFound() }
        defer { freeaddrinfo(list) }
        var addresses: [HostAddress] = []
        var next = list
        while let entry = next?.pointee {
            if let address = entry.ai_addr, let found = HostAddress(address, family: entry.ai_family) {
                addresses.append(found)
            }
            next = entry.ai_next
        }
        guard !addresses.isEmpty else { throw NotFound() }
        return addresses
    }

    private init?(_ address: UnsafeMutablePointer<sockaddr>, family: Int32) {
        switch family {
        case AF_INET:
            self.init(address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { SocketAddress($0.pointee) })
        case AF_INET6:
            self.init(address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { SocketAddress($0.pointee) })
        default: return nil
        }
    }
}
