import AsyncHTTPClient
import Controllers
import Foundation
import Logging
import NIOCore
import RegistryClient

/// Sends events to sinks over HTTP.
///
/// Names are resolved here, and a request goes to the very address that was looked at: a name that means something else
/// a moment later gets nowhere. A class because it owns the connections.
final class HTTPSinkTransport: SinkTransport {
    private static let maximumAnswer = 64 << 10

    private let allowsLoopback: Bool
    private let version: String
    private let clients: PinnedClients

    init(allowsLoopback: Bool, version: String) {
        self.allowsLoopback = allowsLoopback
        self.version = version
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(5)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 2
        configuration.connectionPool.retryConnectionEstablishment = false
        clients = PinnedClients(configuration)
    }

    func shutdown() async { await clients.shutdown() }

    func post(_ message: EventMessage, to url: String, timeout: Duration) async throws(SinkFailure) -> SinkAnswer {
        guard let address = URL(string: url), let host = address.host(percentEncoded: false), !host.isEmpty else {
            throw SinkFailure("the URL cannot be read")
        }
        let lease = await clients.lease(host: host, address: try await resolve(host))
        defer { withExtendedLifetime(lease) {} }
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "User-Agent", value: "weir/\(version)")
        for header in message.headers { request.headers.add(name: header.name, value: header.value) }
        request.body = .bytes(ByteBuffer(bytes: message.body))
        do {
            let response = try await lease.client.execute(request, timeout: TimeAmount(timeout))
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
    private func resolve(_ host: String) async throws(SinkFailure) -> HostAddress {
        let found: [HostAddress]
        do { found = try await HostAddress.all(of: host) } catch {
            throw SinkFailure("the host \(host.prefix(253)) is not found")
        }
        guard let address = found.first(where: { SinkAddress.isAllowed($0.scope, allowsLoopback: allowsLoopback) })
        else { throw SinkFailure("the address of \(host.prefix(253)) is not one that events are sent to") }
        return address
    }
}

extension TimeAmount {
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
