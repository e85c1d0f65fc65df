import APIServer
import HTTPServer
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle

/// A listening socket of the server's configuration.
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
    /// Called for each connection that ended before its TLS handshake.
    var onHandshakeFailure: @Sendable () -> Void = {}
    var logger: Logger

    func service() throws -> any Service {
        let host = address.host
        let onListening = onListening
        var configuration = HTTPListener.Configuration(
            host: host, port: address.port, tls: try tls.map(Self.context))
        configuration.onHandshakeFailure = onHandshakeFailure
        let listener = HTTPListener(configuration, logger: logger, respond: respond) { port in
            await onListening(.init(host: host, port: port))
        }
        return ListeningService(listener: listener, address: address)
    }

    private static func context(_ tls: TLS) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(tls.certificate.utf8)).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(tls.key.utf8), format: .pem)))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["h2", "http/1.1"]
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(tls.clientAuthority.utf8)))
        configuration.certificateVerification = .optionalVerification
        return try NIOSSLContext(configuration: configuration)
    }
}

/// Says which address it was that could not be listened on.
private struct ListeningService: Service {
    struct Failed: Error, CustomStringConvertible {
        var description: String
    }

    let listener: HTTPListener
    let address: WeirConfiguration.Address

    func run() async throws {
        do { try await listener.run() } catch let error as IOError {
            throw Failed(description: "cannot listen on \(address): \(error)")
        }
    }
}
