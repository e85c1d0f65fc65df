import Crypto
import Foundation
import SwiftASN1
import X509

/// The server's own certificate authority: it signs the serving certificate and the administrator's.
///
/// Keys are P-256. Certificates and keys are PEM.
public struct CertificateAuthority: Sendable {
    public let certificate: Certificate
    private let key: Certificate.PrivateKey

    /// A certificate with its key.
    public struct Pair: Sendable, Hashable {
        public var certificatePEM: String
        public var keyPEM: String

        public init(certificatePEM: String, keyPEM: String) {
            self.certificatePEM = certificatePEM
            self.keyPEM = keyPEM
        }
    }

    /// Makes a new authority, valid for ten years.
    public static func create(name: String, now: Date) throws -> (authority: CertificateAuthority, pair: Pair) {
        let key = P256.Signing.PrivateKey()
        let subject = try DistinguishedName { CommonName(name) }
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey),
            notValidBefore: now.addingTimeInterval(-300), notValidAfter: now.addingTimeInterval(10 * 365 * 86_400),
            issuer: subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
                SubjectKeyIdentifier(hash: .init(key.publicKey))
            }, issuerPrivateKey: .init(key))
        let pair = Pair(
            certificatePEM: try certificate.serializeAsPEM().pemString, keyPEM: key.pemRepresentation)
        return (CertificateAuthority(certificate: certificate, key: .init(key)), pair)
    }

    private init(certificate: Certificate, key: Certificate.PrivateKey) {
        self.certificate = certificate
        self.key = key
    }

    /// Reads an authority that was made before.
    public init(_ pair: Pair) throws {
        certificate = try Certificate(pemEncoded: pair.certificatePEM)
        key = .init(try P256.Signing.PrivateKey(pemRepresentation: pair.keyPEM))
    }

    /// A certificate to serve TLS with, valid for a year.
    /// - Parameter hosts: DNS names and IP addresses.
    public func serving(hosts: [String], now: Date) throws -> Pair {
        let names: [GeneralName] = hosts.map { host in
            if let bytes = IPAddress.bytes(of: host) { return .ipAddress(ASN1OctetString(contentBytes: bytes[...])) }
            return .dnsName(host)
        }
        return try issue(
            subject: try DistinguishedName { CommonName(hosts.first ?? "weir") }, days: 365, usage: .serverAuth,
            names: names, now: now)
    }

    /// A client certificate: the user's name as common name, its groups as organizations. Valid for a year.
    public func client(user: String, groups: [String], now: Date) throws -> Pair {
        var parts = groups.map { OrganizationName($0) as any RelativeDistinguishedNameConvertible }
        parts.append(CommonName(user))
        let subject = try DistinguishedName(parts.map { try $0.makeRDN() })
        return try issue(subject: subject, days: 365, usage: .clientAuth, names: [], now: now)
    }

    private func issue(
        subject: DistinguishedName, days: Int, usage: ExtendedKeyUsage.Usage, names: [GeneralName], now: Date
    ) throws -> Pair {
        let own = P256.Signing.PrivateKey()
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(own.publicKey),
            notValidBefore: now.addingTimeInterval(-300), notValidAfter: now.addingTimeInterval(Double(days) * 86_400),
            issuer: self.certificate.subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true, keyEncipherment: true))
                try ExtendedKeyUsage([usage])
                if !names.isEmpty { SubjectAlternativeNames(names) }
            }, issuerPrivateKey: key)
        return Pair(certificatePEM: try certificate.serializeAsPEM().pemString, keyPEM: own.pemRepresentation)
    }
}

/// IP addresses as certificates hold them.
enum IPAddress {
    /// 4 or 16 bytes in network order; nil where the text is no address.
    static func bytes(of text: String) -> [UInt8]? {
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 { return withUnsafeBytes(of: v4) { Array($0) } }
        var v6 = in6_addr()
        if inet_pton(AF_INET6, text, &v6) == 1 { return withUnsafeBytes(of: v6) { Array($0) } }
        return nil
    }
}

extension CertificateAuthority {
    /// Whether a pair was issued by this authority, is valid at `time`, and is made out to all `hosts`.
    public func isUsable(_ pair: Pair, hosts: [String], at time: Date) throws -> Bool {
        let leaf = try Certificate(pemEncoded: pair.certificatePEM)
        _ = try P256.Signing.PrivateKey(pemRepresentation: pair.keyPEM)
        guard certificate.publicKey.isValidSignature(leaf.signature, for: leaf), leaf.notValidAfter > time else {
            return false
        }
        let names = try leaf.extensions.subjectAlternativeNames.map(Array.init) ?? []
        return hosts.allSatisfy { host in
            names.contains { name in
                switch name {
                case .dnsName(let dns): dns == host
                case .ipAddress(let octets): IPAddress.bytes(of: host).map { octets.bytes.elementsEqual($0) } ?? false
                default: false
                }
            }
        }
    }
}
