import Foundation
import Testing

/// A server under test: the `weir` of this build in a process of its own, on a port the system chose.
final class WeirProcess: Sendable {
    let url: String
    let port: Int
    let directory: String
    /// From the start of the process to its ready line.
    let readyAfter: Duration
    let child: ChildProcess

    var kubeconfig: String { directory + "/admin.kubeconfig" }
    var authority: String { directory + "/ca.crt" }

    func token() throws -> String {
        try String(contentsOfFile: directory + "/admin.token", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Beside the test's own executable.
    static func executable() throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = URL(fileURLWithPath: own).deletingLastPathComponent().appending(path: "weir").path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw TestFailure("no \(path): build with `swift build --build-tests` first")
        }
        return path
    }

    static func launch(_ directory: String, _ arguments: [String] = []) throws -> ChildProcess {
        try ChildProcess(
            try executable(), ["serve", "--data-dir", directory, "--listen", "127.0.0.1:0"] + arguments,
            // Whatever this machine is configured for: tests ask nobody who is not part of them.
            environment: ["WEIR_LOG_LEVEL": "info", "WEIR_SIGNATURE_IMPORT": "never"])
    }

    /// Starts a server and waits until it is ready.
    static func start(_ directory: String, _ arguments: [String] = []) async throws -> WeirProcess {
        let began = ContinuousClock.now
        let child = try launch(directory, arguments)
        var url: String?
        do {
            try await eventually("weir is ready; it wrote: \(child.errors)", within: .seconds(60)) {
                url = child.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                    .first { $0.hasPrefix("ready ") }.map { String($0.dropFirst(6)) }
                return url != nil || !child.isRunning
            }
        } catch {
            child.signal(SIGKILL)
            throw error
        }
        guard let url, let port = URL(string: url)?.port else {
            throw TestFailure("weir does not start: \(child.errors)")
        }
        return WeirProcess(
            url: url, port: port, directory: directory, readyAfter: began.duration(to: .now), child: child)
    }

    private init(url: String, port: Int, directory: String, readyAfter: Duration, child: ChildProcess) {
        self.url = url
        self.port = port
        self.directory = directory
        self.readyAfter = readyAfter
        self.child = child
    }

    deinit { child.signal(SIGKILL) }

    /// SIGTERM, which must end it with code 0 within seconds.
    func stop() async throws {
        child.signal(SIGTERM)
        let exit = try await child.end(within: .seconds(15))
        guard exit == 0 else { throw TestFailure("weir ended with \(exit): \(child.errors)") }
    }

    /// SIGKILL: what a crash or the kernel does.
    func crash() async throws {
        child.signal(SIGKILL)
        _ = try await child.end()
    }

    /// Runs a test against a new server, which must be there to the end and end well.
    static func run<Result>(
        _ directory: String? = nil, _ arguments: [String] = [], _ body: (WeirProcess, API) async throws -> Result
    ) async throws -> Result {
        let scratch = try Scratch()
        let server = try await start(directory ?? scratch.path + "/data", arguments)
        let result = try await API.with(server) { api in try await body(server, api) }
        guard server.child.isRunning else { throw TestFailure("weir ended by itself: \(server.child.errors)") }
        try await server.stop()
        return result
    }
}
