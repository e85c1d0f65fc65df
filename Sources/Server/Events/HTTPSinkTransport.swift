import AsyncHTTPClient
import Controllers
import Foundation
import Logging
import NIOCore
import NIOPosix
import RegistryClient
import Synchronization

/// Sends events to sinks over HTTP.
///
/// Names are resolved here, and a request goes to the very address that was looked at: a name that means something else
/// a moment later gets nowhere. A class because it owns the connections.
final class HTTPSinkTransport: SinkTransport {
    private struct Place: Hashable {
        var host: String
        var address: String
    }

    /// Clients that are kept, one for each place.
    private static let capacity = 128
    private static let maximumAnswer = 64 << 10

    private let allowsLoopback: Bool
    private let version: String
    private let clients = Mutex<[Place: (client: HTTPClient, used: ContinuousClock.Instant)]>([:])

    init(allowsLoopback: Bool, version: String) {
        self.allowsLoopback = allowsLoopback
        self.version = version
    }

    func shutdown() async {
        let all = clients.withLock { clients in
            defer { clients = [:] }
            return clients.values.map(\.client)
        }
        for client in all { try? await client.shutdown() }
    }

    func post(_ message: EventMessage, to url: String, timeout: Duration) async throws(SinkFailure) -> SinkAnswer {
        guard let address = URL(string: url), let host = address.host(percentEncoded: false), !host.isEmpty else {
            throw SinkFailure("the URL cannot be read")
        }
        let port = address.port ?? (address.scheme?.lowercased() == "https" ? 443 : 80)
        let client = await client(for: Place(host: host, address: try await resolve(host, port)))
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "User-Agent", value: "weir/\(version)")
        for header in message.headers { request.headers.add(name: header.name, value: header.value) }
        request.body = .bytes(ByteBuffer(bytes: message.body))
        do {
            let response = try await client.execute(request, timeout: TimeAmount(timeout))
            // Read to its end, so that the connection can be used again; whoever says too much loses it.
            var size = 0
            for try await chunk in response.body {
                size += chunk.readableBytes
                if size > Self.maximumAnswer { break }
            }
            let retryAfter = response.headers.first(name: "retry-after").flatMap { Int64($0) }
            return SinkAnswer(
                status: Int(response.status.code),
                retryAfter: retryAfter.map { .seconds(min(max(0, $0), 86_400)) })
        } catch {
            // Words of the client library; addresses and headers are not in them.
            throw SinkFailure("no answer: \(String("\(error)".prefix { $0 != "\n" }.prefix(200)))")
        }
    }

    /// The first address of a host that may be reached.
    private func resolve(_ host: String, _ port: Int) async throws(SinkFailure) -> String {
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        let found: [SocketAddress]
        do {
            found = try await NIOThreadPool.singleton.runIfActive {
                try SystemResolver.addresses(of: bare, port: port)
            }
        } catch {
            throw SinkFailure("the host \(bare.prefix(253)) is not found")
        }
        for address in found {
            guard let bytes = address.bytes, let text = address.ipAddress,
                SinkAddress.isAllowed(bytes, allowsLoopback: allowsLoopback)
            else { continue }
            return text
        }
        throw SinkFailure("the address of \(bare.prefix(253)) is not one that events are sent to")
    }

    private func client(for place: Place) async -> HTTPClient {
        if let known = clients.withLock({ clients -> HTTPClient? in
            clients[place]?.used = .now
            return clients[place]?.client
        }) {
            return known
        }
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(5)
        configuration.dnsOverride = [place.host: place.address]
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 2
        configuration.connectionPool.retryConnectionEstablishment = false
        let fresh = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let (client, old) = clients.withLock { clients -> (HTTPClient, HTTPClient?) in
            if let known = clients[place]?.client { return (known, fresh) }
            clients[place] = (fresh, .now)
            guard clients.count > Self.capacity, let oldest = clients.min(by: { $0.value.used < $1.value.used }) else {
                return (fresh, nil)
            }
            return (fresh, clients.removeValue(forKey: oldest.key)?.client)
        }
        if let old { try? await old.shutdown() }
        return client
    }
}

/// The system's way to find hosts. It blocks.
private enum SystemResolver {
    struct NotFound: Error {}

    static func addresses(of host: String, port: Int) throws -> [SocketAddress] {
        if let literal = try? SocketAddress(ipAddress: host, port: port) { return [literal] }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_family = AF_UNSPEC
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0 else { throw NotFound() }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee {
            if let address = entry.ai_addr {
                switch entry.ai_family {
                case AF_INET:
                    address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                        addresses.append(SocketAddress($0.pointee))
                    }
                case AF_INET6:
                    address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                        addresses.append(SocketAddress($0.pointee))
                    }
                default: break
                }
            }
            next = entry.ai_next
        }
        return addresses
    }
}

extension SocketAddress {
    /// In network order; nil for what is no address of the internet.
    fileprivate var bytes: [UInt8]? {
        switch self {
        case .v4(let address): withUnsafeBytes(of: address.address.sin_addr) { Array($0) }
        case .v6(let address): withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
        case .unixDomainSocket: nil
        }
    }
}

extension TimeAmount {
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
