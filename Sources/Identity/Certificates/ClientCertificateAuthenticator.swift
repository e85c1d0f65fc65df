import APIServer
import SwiftASN1
import Synchronization
import X509

/// Takes the user from the client certificate: common name and organizations (spec/api-machinery.md 9.2).
///
/// The TLS layer has verified the certificate against the server's authority before.
public final class ClientCertificateAuthenticator: Authenticator {
    /// What was read from certificates before: a connection shows the same one with every request.
    private let known = Mutex<[[UInt8]: UserInfo]>([:])
    private static let maximumKnown = 1024

    public init() {}

    public func authenticate(_ request: ServerRequest) async throws -> UserInfo? {
        guard let der = await request.clientCertificate() else { return nil }
        if let user = known.withLock({ $0[der] }) { return user }
        guard let user = Self.user(of: der) else { return nil }
        known.withLock { known in
            if known.count >= Self.maximumKnown { known.removeAll() }
            known[der] = user
        }
        return user
    }

    private static func user(of der: [UInt8]) -> UserInfo? {
        guard let certificate = try? Certificate(derEncoded: der) else { return nil }
        var name = ""
        var groups: [String] = []
        for relative in certificate.subject {
            for attribute in relative {
                let value = String(describing: attribute.value)
                if attribute.type == .RDNAttributeType.commonName { name = value }
                if attribute.type == .RDNAttributeType.organizationName { groups.append(value) }
            }
        }
        guard !name.isEmpty else { return nil }
        return UserInfo(name: name, groups: groups + [UserInfo.authenticated])
    }
}
