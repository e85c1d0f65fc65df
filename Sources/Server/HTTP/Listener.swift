import APIServer
import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle

/// One listening socket: HTTP/1.1 and HTTP/2 over TLS, or plain HTTP/1.1.
struct Listener {
    /// TLS of a listener: PEM texts.
    struct TLS: Sendable {
        var certificate: String
        var key: String
        /// Client certificates of this authority are accepted; clients without one too.
        var clientAuthority: String
    }

    var address: WeirConfiguration.Address
    var tls: TLS?
    var respond: @Sendable (ServerRequest) async -> ServerResponse
    /// Called once the socket listens, with the address it got.
    var onListening: @Sendable (WeirConfiguration.Address) async -> Void
    var logger: Logger

    func service() throws -> any Service {
        let adapter = HTTPAdapter(respond: respond)
        let host = address.host
        let server = try builder().buildServer(
            configuration: .init(
                address: .hostname(address.host, port: address.port), serverName: nil, backlog: 4096),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger,
            responder: { request, writer, channel in try await adapter.handle(request, writer, channel) },
            onServerRunning: { channel in
                await onListening(.init(host: host, port: channel.localAddress?.port ?? 0))
            })
        return ListeningService(server: server, address: address)
    }

    private func builder() throws -> HTTPServerBuilder {
        let stream = HTTP1Channel.Configuration(
            idleTimeout: .seconds(120),
            httpDecoderConfiguration: .init(maxHeaderListSize: 256 * 1024, maxHeaderFieldCount: 1000))
        guard let tls else { return .http1(configuration: stream) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(tls.certificate.utf8)).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(tls.key.utf8), format: .pem)))
        configuration.minimumTLSVersion = .tlsv12
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(tls.clientAuthority.utf8)))
        configuration.certificateVerification = .optionalVerification
        return try .http2Upgrade(
            tlsConfiguration: configuration,
            configuration: .init(idleTimeout: .seconds(120), streamConfiguration: stream))
    }
}

/// Says which address it was that could not be listened on.
private struct ListeningService: Service {
    struct Failed: Error, CustomStringConvertible {
        var description: String
    }

    let server: any Service
    let address: WeirConfiguration.Address

    func run() async throws {
        do { try await server.run() } catch let error as IOError {
            throw Failed(description: "cannot listen on \(address): \(error)")
        }
    }
}
