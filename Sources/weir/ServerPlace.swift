import ArgumentParser
import Bundles
import Foundation

/// Where the server is that a command asks, and as whom.
struct ServerPlace: ParsableArguments {
    @Option(help: "The data directory of a server on this machine, as whose administrator to act.")
    var dataDir: String?
    @Option(help: "A kubeconfig. Default: $KUBECONFIG, or ~/.kube/config.") var kubeconfig: String?
    @Option(help: "The context of the kubeconfig. Default: the current one.") var context: String?
    @Option(help: "https://HOST[:PORT] of the server, instead of a kubeconfig; with --token-file.") var server: String?
    @Option(help: "The file with the token for --server.") var tokenFile: String?
    @Option(help: "The file with the authorities for --server, PEM. Default: those of this machine.")
    var certificateAuthority: String?
    @Flag(help: "Take any certificate for that of --server.") var insecureSkipTlsVerify = false

    /// - Throws: `BundleError`, `CommandFailure`.
    func access() throws -> ServerAccess {
        let said = [dataDir, kubeconfig, server].compactMap { $0 }
        guard said.count <= 1 else {
            throw CommandFailure(description: "--data-dir, --kubeconfig and --server exclude each other")
        }
        if let dataDir { return try ServerAccess(dataDirectory: dataDir) }
        if let server {
            var access = try ServerAccess(url: server)
            if let tokenFile {
                access.token = String(decoding: try ServerAccess.read(tokenFile), as: UTF8.self)
                    .trimmingCharacters(in: .whitespacesAndNewlines)
            }
            if let certificateAuthority { access.authority = try ServerAccess.read(certificateAuthority) }
            access.isInsecure = insecureSkipTlsVerify
            return access
        }
        let environment = ProcessInfo.processInfo.environment
        let fromEnvironment = environment["KUBECONFIG"]?.split(separator: ":").first.map(String.init)
        let path = kubeconfig ?? fromEnvironment ?? (environment["HOME"] ?? "") + "/.kube/config"
        return try ServerAccess(kubeconfig: path, context: context)
    }
}
