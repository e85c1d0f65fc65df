import Foundation
import RegistryClient

/// A self-signed certificate for 127.0.0.1 and localhost, made for one test run.
public struct TestCertificate: Sendable {
    public let certificate: [UInt8]
    public let key: [UInt8]

    public static let shared: Result<TestCertificate, any Error> = Result { try make() }

    private static func make() throws -> TestCertificate {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weir-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (key, certificate) = (folder.appending(path: "key.pem"), folder.appending(path: "cert.pem"))
        try Command.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=weir test registry", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
                "-keyout", key.path, "-out", certificate.path,
            ])
        return TestCertificate(
            certificate: Array(try Data(contentsOf: certificate)), key: Array(try Data(contentsOf: key)))
    }

    /// Trusts this certificate for all hosts.
    public func trust() throws -> TrustDirectory {
        let file = FileManager.default.temporaryDirectory.appending(path: "weir-ca-\(UUID().uuidString)")
        try Data(certificate).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try TrustDirectory(path: file.path)
    }
}

/// Programs a test needs.
public enum Command {
    public struct Failed: Error, CustomStringConvertible {
        public let description: String
    }

    /// Runs a program of the search path to its end; throws with its output when it fails. Waits on a thread of its
    /// own: the few threads of the concurrency pool belong to the tests.
    public static func runApart(_ program: String, _ arguments: [String]) async throws {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try run(program, arguments) })
            }
        }
    }

    /// The same on the calling thread.
    public static func run(_ program: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(description: "\(program) failed: \(text)") }
    }
}
