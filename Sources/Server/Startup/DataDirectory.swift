import Foundation
import Identity
import Logging

/// The directory of a server: the store, and the credentials of people and machines.
///
/// ```
/// ca.crt ca.key              the server's own certificate authority
/// serving.crt serving.key    what the listeners show
/// admin.crt admin.key        client certificate of the administrator
/// admin.token                bearer token of the administrator
/// serviceaccount.key         what service-account tokens are signed with
/// htpasswd                   users with passwords
/// admin.kubeconfig           all that kubectl and oc need
/// secrets.key                the keys that secrets are encrypted with, unless they are kept elsewhere
/// store/                     the database
/// registry/                  the blobs of the registry
/// ```
struct DataDirectory: Sendable {
    let path: String

    /// Makes the directory where it is missing; nobody else may look into it.
    init(_ path: String) throws {
        let manager = FileManager.default
        self.path = URL(fileURLWithPath: path).standardizedFileURL.path
        try manager.createDirectory(
            atPath: self.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try manager.createDirectory(
            atPath: storePath, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    var storePath: String { path + "/store" }

    /// The bytes of the registry's blobs.
    var registryPath: String { path + "/registry" }

    /// The users who may log in with a password, as `weir user` keeps them.
    var htpasswdPath: String { path + "/htpasswd" }

    /// Everything that proves who is who.
    struct Credentials: Sendable {
        var authority: String
        var serving: CertificateAuthority.Pair
        var admin: CertificateAuthority.Pair
        var adminToken: String
    }

    /// Reads the credentials, making those that are missing, damaged or soon to expire.
    /// - Parameter hosts: names and addresses the serving certificate must cover.
    func credentials(hosts: [String], now: Date, logger: Logger) throws -> Credentials {
        let (authority, authorityPEM) = try authority(now: now, logger: logger)
        let serving = try pair(
            "serving", remake: { !Self.covers($0, hosts: hosts, authority: authority, now: now) },
            make: { try authority.serving(hosts: hosts, now: now) })
        let admin = try pair(
            "admin", remake: { !Self.covers($0, hosts: [], authority: authority, now: now) },
            make: { try authority.client(user: "system:admin", groups: ["system:masters"], now: now) })
        var token = (try? read("admin.token"))?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
        if token.isEmpty {
            token = RandomToken.administrator()
            try write(token + "\n", to: "admin.token", isSecret: true)
        }
        return Credentials(authority: authorityPEM, serving: serving, admin: admin, adminToken: token)
    }

    private func authority(now: Date, logger: Logger) throws -> (CertificateAuthority, pem: String) {
        if let certificate = try? read("ca.crt"), let key = try? read("ca.key"),
            let authority = try? CertificateAuthority(.init(certificatePEM: certificate, keyPEM: key))
        {
            return (authority, certificate)
        }
        logger.notice("making a certificate authority", metadata: ["directory": "\(path)"])
        let (authority, pair) = try CertificateAuthority.create(name: "weir", now: now)
        // The key first: a crash in between leaves no certificate, and both are made anew.
        try write(pair.keyPEM, to: "ca.key", isSecret: true)
        try write(pair.certificatePEM, to: "ca.crt", isSecret: false)
        return (authority, pair.certificatePEM)
    }

    private func pair(
        _ name: String, remake: (CertificateAuthority.Pair) -> Bool, make: () throws -> CertificateAuthority.Pair
    ) throws -> CertificateAuthority.Pair {
        if let certificate = try? read("\(name).crt"), let key = try? read("\(name).key") {
            let pair = CertificateAuthority.Pair(certificatePEM: certificate, keyPEM: key)
            if !remake(pair) { return pair }
        }
        let pair = try make()
        try write(pair.keyPEM, to: "\(name).key", isSecret: true)
        try write(pair.certificatePEM, to: "\(name).crt", isSecret: false)
        return pair
    }

    private static func covers(
        _ pair: CertificateAuthority.Pair, hosts: [String], authority: CertificateAuthority, now: Date
    ) -> Bool {
        (try? authority.isUsable(pair, hosts: hosts, at: now.addingTimeInterval(30 * 86_400))) ?? false
    }

    /// What the listeners show, as it stands in the directory now.
    func servingPair() throws -> CertificateAuthority.Pair {
        CertificateAuthority.Pair(certificatePEM: try read("serving.crt"), keyPEM: try read("serving.key"))
    }

    /// The key of service-account tokens, made at the first start.
    /// - Throws: where the file is there and cannot be read: with a new key all tokens given out would be void.
    func signingKey(logger: Logger) async throws -> SigningKey {
        let name = "serviceaccount.key"
        if !FileManager.default.fileExists(atPath: "\(path)/\(name)") {
            logger.notice("making a key for service-account tokens", metadata: ["directory": "\(path)"])
            try write(SigningKey.generate(), to: name, isSecret: true)
        }
        do { return try await SigningKey(pem: try read(name)) } catch {
            throw WeirConfiguration.Invalid(description: "\(path)/\(name) cannot be read: \(error)")
        }
    }

    // MARK: Files

    func read(_ name: String) throws -> String {
        try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
    }

    /// Writes a file whole or not at all, durably.
    func write(_ text: String, to name: String, isSecret: Bool) throws {
        try DurableFile.write(text, to: "\(path)/\(name)", mode: isSecret ? 0o600 : 0o644)
    }
}
