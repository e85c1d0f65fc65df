import Foundation
import RegistryTesting
import Testing

@Suite("Rotation of the serving certificate")
struct CertificateRotationTests {
    /// The serial number of the certificate that a new connection is shown.
    private static func serial(_ server: WeirProcess) async throws -> String {
        let shown = try await IntegrationTests.run(
            "bash",
            [
                "-c",
                "openssl s_client -connect 127.0.0.1:\(server.port) </dev/null 2>/dev/null | openssl x509 -noout -serial",
            ])
        return shown.output
    }

    @Test("A certificate that is put into the data directory is shown to new connections; a broken one never is")
    func replaced() async throws {
        let (first, second) = (try Scratch(), try Scratch())
        // Another server of the same authority makes the other certificate.
        try await WeirProcess.run(first.path + "/data") { server, api in
            let before = try await Self.serial(server)
            #expect(before.hasPrefix("serial="))
            let other = second.path + "/data"
            try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
            for name in ["ca.crt", "ca.key"] {
                try FileManager.default.copyItem(atPath: "\(server.directory)/\(name)", toPath: "\(other)/\(name)")
            }
            try await WeirProcess.run(other) { _, _ in }
            func put(_ name: String, _ data: Data) throws {
                try data.write(to: URL(fileURLWithPath: "\(server.directory)/\(name)"), options: .atomic)
            }
            func made(_ name: String) throws -> Data {
                try Data(contentsOf: URL(fileURLWithPath: "\(other)/\(name)"))
            }
            try put("serving.crt", Data("no certificate".utf8))
            try await eventually("the server complains") {
                server.child.errors.contains("the serving certificate cannot be used")
            }
            #expect(try await Self.serial(server) == before)
            try put("serving.key", try made("serving.key"))
            try put("serving.crt", try made("serving.crt"))
            try await eventually("new connections get the new certificate") {
                try await Self.serial(server) != before
            }
            #expect(try await api.get("/api/v1/namespaces").status == 200, "open connections go on")
            try await API.with(server) { (fresh) async throws in
                #expect(try await fresh.get("/api/v1/namespaces").status == 200)
            }
        }
    }
}
