import Foundation
import Identity
import Logging
import NIOSSL
import Synchronization

/// The TLS of the listeners. New connections get the certificate that is in the data directory; those that are open keep
/// theirs.
final class ServingTLS: Sendable {
    private let directory: DataDirectory
    private let hosts: [String]
    private let logger: Logger

    private struct State {
        var context: NIOSSLContext
        var pair: CertificateAuthority.Pair
        /// What was found last and could not be used: worth one complaint.
        var refused: CertificateAuthority.Pair?
    }

    private let authority: String
    private let state: Mutex<State>

    /// - Parameter hosts: names and addresses that the certificate must cover.
    /// - Throws: where the credentials cannot be used.
    init(_ credentials: DataDirectory.Credentials, directory: DataDirectory, hosts: [String], logger: Logger) throws {
        self.directory = directory
        self.hosts = hosts
        self.logger = logger
        authority = credentials.authority
        state = Mutex(
            State(
                context: try Self.context(credentials.serving, authority: credentials.authority),
                pair: credentials.serving))
    }

    /// For the next connection.
    var context: NIOSSLContext { state.withLock { $0.context } }

    /// Looks every so often for a certificate that was put into the directory, and makes a new one in the last month of the
    /// present one; until the task is cancelled.
    func keepCurrent(every interval: Duration = .seconds(5)) async throws {
        while true {
            try await Task.sleep(for: interval)
            do { try refresh(now: Date()) } catch {
                logger.error("the serving certificate cannot be used", metadata: ["error": "\(error)"])
            }
        }
    }

    /// - Throws: where what is in the directory cannot be used; the present certificate stays.
    func refresh(now: Date) throws {
        let present = state.withLock { $0.pair }
        var pair = try directory.servingPair()
        if pair == present {
            // Does nothing before the last month.
            pair = try directory.credentials(hosts: hosts, now: now, logger: logger).serving
        }
        guard pair != present, state.withLock({ $0.refused != pair }) else { return }
        state.withLock { $0.refused = pair }
        let context = try Self.context(pair, authority: authority)
        state.withLock { $0 = State(context: context, pair: pair) }
        logger.notice("serving with a new certificate")
    }

    private static func context(_ pair: CertificateAuthority.Pair, authority: String) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(pair.certificatePEM.utf8))
                .map { .certificate($0) },
            privateKey: .privateKey(
                try NIOSSLPrivateKey(bytes: Array(pair.keyPEM.utf8), format: .pem)))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["h2", "http/1.1"]
        configuration.trustRoots = .certificates(
            try NIOSSLCertificate.fromPEMBytes(Array(authority.utf8)))
        configuration.certificateVerification = .optionalVerification
        return try NIOSSLContext(configuration: configuration)
    }
}
