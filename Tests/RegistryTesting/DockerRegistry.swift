import Foundation
import Logging
import RegistryClient
import Synchronization

/// Debian's `docker-registry` with an empty store, on a free loopback port.
public final class DockerRegistry: Sendable {
    public let host: String
    private let folder: URL
    private let content: URL
    /// What it has written, in the layout of the reference.
    public var directory: String { content.path }
    private let process: Mutex<Process>

    /// Runs `body` with a registry seeded with the conformance suite's images; it is gone afterwards.
    public static func run<Value: Sendable>(_ body: (DockerRegistry) async throws -> Value) async throws -> Value {
        let registry = try await DockerRegistry()
        let result: Result<Value, any Error>
        do {
            try await Command.runApart("python3", [try seedScript(), "http://\(registry.host)"])
            result = .success(try await body(registry))
        } catch { result = .failure(error) }
        registry.stop()
        return try result.get()
    }

    /// Runs `body` with a second registry of the same content that wants a login.
    /// - Parameter htpasswd: its users: lines of a name, a colon and a bcrypt hash.
    public func withLogin<Value: Sendable>(
        htpasswd: String, _ body: (DockerRegistry) async throws -> Value
    ) async throws -> Value {
        try await run(.htpasswd(htpasswd), body)
    }

    /// Runs `body` with a second registry of the same content that wants tokens of an issuer.
    public func withTokens<Value: Sendable>(
        of issuer: TokenIssuer, _ body: (DockerRegistry) async throws -> Value
    ) async throws -> Value {
        try await run(.tokens(realm: issuer.realm), body)
    }

    private func run<Value: Sendable>(
        _ login: Login, _ body: (DockerRegistry) async throws -> Value
    ) async throws -> Value {
        let registry = try await DockerRegistry(content: content, login: login)
        let result: Result<Value, any Error>
        do { result = .success(try await body(registry)) } catch { result = .failure(error) }
        registry.stop()
        return try result.get()
    }

    private enum Login {
        case none
        case htpasswd(String)
        case tokens(realm: String)
    }

    private init(content: URL? = nil, login: Login = .none) async throws {
        let port = try ClosedPort().number
        host = "127.0.0.1:\(port)"
        folder = FileManager.default.temporaryDirectory.appending(path: "weir-registry-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.content = content ?? folder.appending(path: "data")
        let configuration = folder.appending(path: "config.yml")
        var text = """
            version: 0.1
            log: {level: error}
            storage:
              filesystem: {rootdirectory: \(self.content.path)}
              delete: {enabled: true}
            http: {addr: "\(host)"}
            compatibility: {schema1: {enabled: true}}
            """
        switch login {
        case .none: break
        case .htpasswd(let lines):
            let users = folder.appending(path: "htpasswd")
            try Data(lines.utf8).write(to: users)
            text += "\nauth: {htpasswd: {realm: test, path: \(users.path)}}\n"
        case .tokens(let realm):
            let roots = folder.appending(path: "issuer.pem")
            try Data(try TestCertificate.shared.get().certificate).write(to: roots)
            text += "\nauth: {token: {realm: \"\(realm)\", service: \(TokenIssuer.service), "
            text += "issuer: \(TokenIssuer.name), rootcertbundle: \(roots.path)}}\n"
        }
        try Data(text.utf8).write(to: configuration)
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        child.arguments = ["docker-registry", "serve", configuration.path]
        child.standardOutput = FileHandle.nullDevice
        child.standardError = FileHandle.nullDevice
        try child.run()
        process = Mutex(child)
        try await waitUntilReady()
    }

    private func waitUntilReady() async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        let transport = RegistryTransport(configuration: .patient)
        while ContinuousClock.now < deadline {
            guard process.withLock({ $0.isRunning }) else {
                await transport.shutdown()
                stop()
                throw Command.Failed(description: "docker-registry does not start; is the package installed?")
            }
            // A new client each time: one remembers that nobody answered.
            let client = RegistryClient(transport: transport, logger: Logger(label: "test"))
            do {
                try await client.ping(host: host, insecure: true)
                await transport.shutdown()
                return
            } catch {}
            try await Task.sleep(for: .milliseconds(20))
        }
        await transport.shutdown()
        stop()
        throw Command.Failed(description: "docker-registry does not answer")
    }

    private func stop() {
        process.withLock { process in
            process.terminate()
            process.waitUntilExit()
        }
        try? FileManager.default.removeItem(at: folder)
    }

    /// The script beside the conformance suite, in the repository or where `WEIR_CONFORMANCE` says.
    private static func seedScript() throws -> String {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let folders = [
            ProcessInfo.processInfo.environment["WEIR_CONFORMANCE"].map { URL(fileURLWithPath: $0) },
            tests.appending(path: "Conformance"),
        ]
        for folder in folders.compactMap({ $0 }) {
            let script = folder.appending(path: "seed_registry.py").path
            if FileManager.default.fileExists(atPath: script) { return script }
        }
        throw Command.Failed(
            description: "no Tests/Conformance/seed_registry.py; set WEIR_CONFORMANCE to the suite's folder")
    }
}
