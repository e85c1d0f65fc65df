import AsyncHTTPClient
import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
import Glibc
#endif

/// Why no answer came. The texts resemble those of Go's HTTP client, which people search for (A.21).
public struct NetworkFailure: Error, Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case timeout
        /// The name server did not answer; worth another try.
        case nameServer
        case noSuchHost
        case refused
        /// The server speaks plain HTTP where TLS was expected.
        case plainHTTP
        case certificate
        case other
    }

    public let kind: Kind
    public let text: String

    public init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }

    /// The server cannot be talked to, and it would take as long to find that out again.
    public var isUnreachable: Bool {
        switch kind {
        case .timeout, .nameServer, .noSuchHost, .refused: true
        case .plainHTTP, .certificate, .other: false
        }
    }

    static let timedOut = NetworkFailure(.timeout, "context deadline exceeded")
}

extension NetworkFailure {
    /// Puts what async-http-client throws for `address` into words.
    init(_ error: any Error, address: WebAddress) {
        let port = address.port ?? (address.scheme == "https" ? 443 : 80)
        switch error {
        case let failure as NIOConnectionError:
            self = Self.connection(failure, port: port)
        case let failure as IOError:
            self = Self.system(failure, "dial tcp \(address.host):\(port): connect: ")
        case let failure as NIOSSLError:
            self = Self.tls(failure)
        case is NIOSSLExtraError:
            self.init(
                .certificate, "tls: failed to verify certificate: x509: certificate is not valid for \(address.host)")
        case let failure as HTTPClientError where Self.timeouts.contains(failure):
            self = .timedOut
        case is CancellationError:
            self.init(.other, "context canceled")
        case let failure as HTTPClientError where failure == .cancelled:
            self.init(.other, "context canceled")
        case let failure as HTTPClientError where failure == .remoteConnectionClosed:
            self.init(.other, "EOF")
        case let failure as HTTPClientError:
            self.init(.other, failure.shortDescription)
        case let failure as ChannelError where Self.isConnectTimeout(failure):
            self.init(.timeout, "dial tcp \(address.host):\(port): i/o timeout")
        default:
            self.init(.other, Self.plain(error))
        }
    }

    private static let timeouts: [HTTPClientError] = [
        .connectTimeout, .readTimeout, .writeTimeout, .tlsHandshakeTimeout, .deadlineExceeded,
        .getConnectionFromPoolTimeout,
    ]

    private static func isConnectTimeout(_ error: ChannelError) -> Bool {
        if case .connectTimeout = error { true } else { false }
    }

    private static func connection(_ failure: NIOConnectionError, port: Int) -> NetworkFailure {
        guard let attempt = failure.connectionErrors.last else {
            // The resolver's errors are strings; "not known" and "no address" are final, everything else may pass.
            let text = "\(failure.dnsAError ?? failure.dnsAAAAError ?? failure)"
            let final = text.contains("unknown") || text.contains("not known") || text.contains("-2")
            return NetworkFailure(
                final ? .noSuchHost : .nameServer,
                "dial tcp: lookup \(failure.host): \(final ? "no such host" : "server misbehaving")")
        }
        let host = attempt.target.ipAddress ?? failure.host
        let prefix = "dial tcp \(host):\(attempt.target.port ?? port): connect: "
        if let system = attempt.error as? IOError { return self.system(system, prefix) }
        if let channel = attempt.error as? ChannelError, isConnectTimeout(channel) {
            return NetworkFailure(.timeout, "dial tcp \(host):\(attempt.target.port ?? port): i/o timeout")
        }
        return NetworkFailure(.other, prefix + plain(attempt.error))
    }

    private static func system(_ error: IOError, _ prefix: String) -> NetworkFailure {
        switch error.errnoCode {
        case ECONNREFUSED: NetworkFailure(.refused, prefix + "connection refused")
        case ETIMEDOUT: NetworkFailure(.timeout, prefix + "connection timed out")
        case EHOSTUNREACH: NetworkFailure(.other, prefix + "no route to host")
        case ENETUNREACH: NetworkFailure(.other, prefix + "network is unreachable")
        case ECONNRESET: NetworkFailure(.other, "read: connection reset by peer")
        case EPIPE: NetworkFailure(.other, "write: broken pipe")
        default: NetworkFailure(.other, prefix + plain(error))
        }
    }

    private static func tls(_ error: NIOSSLError) -> NetworkFailure {
        guard case .handshakeFailed(let cause) = error else {
            return NetworkFailure(.certificate, "tls: \(plain(error))")
        }
        let text = "\(cause)"
        // What an HTTP server answers to a ClientHello is no TLS record.
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") || text.contains("PACKET_LENGTH") {
            return NetworkFailure(.plainHTTP, "http: server gave HTTP response to HTTPS client")
        }
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return NetworkFailure(
                .certificate,
                "tls: failed to verify certificate: x509: certificate signed by unknown authority")
        }
        return NetworkFailure(.other, "remote error: tls: handshake failure")
    }

    /// One line, no longer than a status message should be.
    private static func plain(_ error: any Error) -> String {
        String("\(error)".prefix { $0 != "\n" }.prefix(300))
    }
}
