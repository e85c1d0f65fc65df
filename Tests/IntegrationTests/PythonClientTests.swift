import Foundation
import Testing

/// The clients that people script with; `Scripts/python-tools` installs them below `.build`.
@Suite("Python clients")
struct PythonClientTests {
    /// Beside the build of this test, wherever that is.
    private static func interpreter() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
        let path = root.appending(path: ".build/python-clients/bin/python").path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw TestFailure("no \(path): `make test` installs it")
        }
        return path
    }

    @Test("131. kubernetes and openshift of PyPI discover, create, read, patch, apply, replace, watch and delete")
    func clients() async throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Python/clients.py").path
        try await WeirProcess.run { server, api in
            try await api.createNamespace("py")
            let result = try await run(
                try Self.interpreter(), [script, server.kubeconfig, "py"], within: .seconds(180))
            #expect(result.exit == 0, "\(result.output)\(result.errors)")
            #expect(result.output.hasSuffix("all checks passed\n"))
        }
    }
}
