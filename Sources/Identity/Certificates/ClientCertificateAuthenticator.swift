import APIServer
import SwiftASN1
import X509

/// Takes the user from the client certificate: common name and organizations (spec/api-machinery.md 9.2).
///
/// The TLS layer has verified the certificate against the server's authority before.
public struct ClientCertificateAuthenticator: Authenticator {
    public init() {}

    public func authenticate(_ request: ServerRequest) async throws -> UserInfo? {
        guard let der = await request.clientCertificate(), let certificate = try? Certificate(derEncoded: der) else {
            return nil
        }
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
