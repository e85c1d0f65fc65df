import Foundation

/// A port of this machine where nobody listens, and which nobody else gets as long as this exists.
public final class ClosedPort {
    private let socket: Int32
    public let number: Int
    /// With its address.
    public var host: String { "127.0.0.1:\(number)" }

    public init() throws {
        socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { [socket] pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(socket, address, size) == 0 ? getsockname(socket, address, &size) : -1
            }
        }
        number = Int(UInt16(bigEndian: address.sin_port))
        guard result == 0 else { throw Command.Failed(description: "no free port") }
    }

    deinit { close(socket) }
}
