import Foundation
import JSON

/// The real kubectl with a server's kubeconfig.
struct Kubectl: Sendable {
    let kubeconfig: String
    /// Of every command that names no other.
    let namespace: String?
    /// Where it keeps what it discovered.
    private let home: Scratch

    /// - Throws: where there is no kubectl: these tests prove nothing without it.
    init(_ server: WeirProcess, namespace: String? = nil) async throws {
        kubeconfig = server.kubeconfig
        self.namespace = namespace
        home = try Scratch()
        let found = try await IntegrationTests.run("sh", ["-c", "command -v kubectl"])
        guard found.exit == 0 else {
            throw TestFailure(
                "kubectl is not installed: it is needed for these tests (https://kubernetes.io/docs/tasks/tools/)")
        }
    }

    private var environment: [String: String] { ["KUBECONFIG": kubeconfig, "HOME": home.path] }

    private func inNamespace(_ arguments: [String]) -> [String] { (namespace.map { ["-n", $0] } ?? []) + arguments }

    /// - Parameter editor: what `kubectl edit` is to run.
    func attempt(_ arguments: [String], input: String = "", editor: String = "false") async throws -> ProgramResult {
        try await IntegrationTests.run(
            "kubectl", inNamespace(arguments), environment: environment.merging(["EDITOR": editor]) { $1 },
            input: input)
    }

    /// - Returns: what it printed.
    /// - Throws: where it fails, with what it said.
    @discardableResult
    func callAsFunction(_ arguments: String..., input: String = "") async throws -> String {
        let result = try await attempt(arguments, input: input)
        guard result.exit == 0 else {
            throw TestFailure("kubectl \(arguments.joined(separator: " ")): \(result.exit): \(result.errors)")
        }
        return result.output
    }

    func json(_ arguments: String...) async throws -> JSONValue {
        let result = try await attempt(arguments + ["-o", "json"])
        guard result.exit == 0 else { throw TestFailure("kubectl \(arguments): \(result.errors)") }
        return try JSONValue.parse(Array(result.output.utf8))
    }

    /// Runs on beside the test.
    func background(_ arguments: String...) throws -> ChildProcess {
        try ChildProcess("kubectl", inNamespace(arguments), environment: environment)
    }
}
