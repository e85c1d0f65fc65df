import Foundation
import Identity

/// The file that tells kubectl and oc where the server is and who they are.
enum Kubeconfig {
    /// - Parameters:
    ///   - server: URL of the API.
    ///   - authority: PEM of the server's authority.
    static func text(server: String, authority: String, admin: CertificateAuthority.Pair) -> String {
        func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
        return """
            apiVersion: v1
            kind: Config
            clusters:
            - name: weir
              cluster:
                server: \(server)
                certificate-authority-data: \(base64(authority))
            users:
            - name: admin
              user:
                client-certificate-data: \(base64(admin.certificatePEM))
                client-key-data: \(base64(admin.keyPEM))
            contexts:
            - name: weir
              context:
                cluster: weir
                user: admin
                namespace: default
            current-context: weir

            """
    }
}
