import APIServer
import HTTPServer
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle

/// A listening socket of the server's configuration.
struct Listener {
    var address: WeirConfiguration.Address
    /// Nil for none.
    var tls: ServingTLS?
    var respond: @Sendable (ServerRequest) async -> ServerResponse
    /// Called once the socket listens, with the address it got.
    var onListening: @Sendable (WeirConfiguration.Address) async -> Void
    /// Called for each connection that ended before its TLS handshake.
    var onHandshakeFailure: @Sendable () -> Void = {}
    var logger: Logger

    func service() -> any Service {
        let host = address.host
        let onListening = onListening
        var configuration = HTTPListener.Configuration(host: host, port: address.port, tls: nil)
        if let tls { configuration.tls = { tls.context } }
        configuration.onHandshakeFailure = onHandshakeFailure
        let listener = HTTPListener(configuration, logger: logger, respond: respond) { port in
            await onListening(.init(host: host, port: port))
        }
        return ListeningService(listener: listener, address: address)
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
