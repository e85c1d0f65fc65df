import Foundation
import OCI
import RegistryTesting
import Testing

@testable import RegistryClient

@Suite("Authorities of registries")
struct TrustTests {
    /// Runs `body` with a directory that is gone afterwards.
    private static func withDirectory(_ body: (URL) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "weir-trust-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try await body(directory)
    }

    private static func write(_ bytes: [UInt8], _ path: String, in directory: URL) throws {
        let file = directory.appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
    }

    @Test(
        "in a directory each is for its host",
        arguments: [
            ("r.example", "https://r.example/", true), ("r.example", "https://r.example:443/", true),
            ("r.example", "https://r.example:5000/", false), ("r.example", "https://a.r.example/", false),
            ("r.example..5000", "https://r.example:5000/", true), ("R.example:5000", "https://r.example:5000/", true),
            ("r.example..5000", "https://r.example/", false), ("r.example..443", "https://r.example/", true),
            ("r.example:5000/ca.crt", "https://r.example:5000/", true),
            ("r.example:5000/client.cert", "https://r.example:5000/", false),
            (".hidden", "https://.hidden/", false), ("::1", "https://[::1]/", true),
        ])
    func hosts(entry: String, url: String, isTrusted: Bool) async throws {
        let certificate = try TestCertificate.shared.get()
        try await Self.withDirectory { directory in
            try Self.write(certificate.certificate, entry, in: directory)
            let trust = try TrustDirectory(path: directory.path)
            let url = try #require(WebAddress(url))
            #expect((trust.configuration(for: url) != nil) == isTrusted)
        }
    }

    @Test("files that come, change or break are noticed while it runs")
    func changes() async throws {
        let certificate = try TestCertificate.shared.get()
        try await FakeRegistry.run(tls: certificate) { registry in
            let reference = registry.reference("a/b", registry.putImage("x", in: "a/b"))
            let entry = registry.host.replacing(":", with: "..")
            try await Self.withDirectory { directory in
                let trust = try TrustDirectory(path: directory.path, lifetime: .zero)
                func isReached() async throws -> Bool {
                    try await withClient({ $0.trust = trust }) { client in
                        (try? await client.manifest(reference, access: RegistryAccess())) != nil
                    }
                }
                #expect(try await !isReached())
                try Self.write(certificate.certificate, "other.example", in: directory)
                #expect(try await !isReached())
                try Self.write(certificate.certificate, entry, in: directory)
                #expect(try await isReached())
                try Self.write(Array("no certificate".utf8), entry, in: directory)
                #expect(try await isReached(), "what was good until now stays")
                try FileManager.default.removeItem(at: directory.appending(path: entry))
                #expect(try await !isReached())
            }
        }
    }

    @Test("what cannot be used is said at the start")
    func unreadable() async throws {
        try await Self.withDirectory { directory in
            #expect(throws: TrustDirectory.Unreadable.self) {
                try TrustDirectory(path: directory.appending(path: "none").path)
            }
            try Self.write([], "r.example", in: directory)
            let error = #expect(throws: TrustDirectory.Unreadable.self) { try TrustDirectory(path: directory.path) }
            #expect(error?.description.hasSuffix("/r.example has no certificates in PEM") == true)
        }
    }
}
