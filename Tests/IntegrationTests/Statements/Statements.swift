import Testing

/// The conformance list, spec/api-machinery.md 12: one test a statement, and its name begins with the statement's number.
///
/// Where the recorded answers of the reference (`Tests/Conformance`) say otherwise than the list, they count, and the
/// test says so. Numbers that are not in this folder:
///
/// | | |
/// |---|---|
/// | 96, 104, 117, 119, 176 (a failing check) | `StatementTests` of APIServerTests: they need a compacted store, a short time between bookmarks, a check that fails |
/// | 110 | there are no replicas |
/// | 127 | watches over WebSocket have tests of their own |
/// | 130 (roles with resourceNames) | there are no roles |
/// | 131 | `PythonClientTests` |
/// | 132 | `ReflectorTests` |
/// | 175 | `KubectlCommandTests` |
/// | 178 to 192 | users, roles, flow control, aggregation: not part of this list's first eight sections |
///
/// The suites run beside each other, the tests of each one after another: all at once would starve the other tests.
@Suite("Conformance list", .sharedServer)
struct Statements {}

/// Starts one server for all tests of a suite; it must be well to the end, and end well.
struct SharedServer: SuiteTrait, TestScoping {
    struct Running: Sendable {
        let server: WeirProcess
        let api: API
    }

    @TaskLocal static var running: Running?

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await WeirProcess.run { server, api in
            try await Self.$running.withValue(Running(server: server, api: api)) { try await function() }
        }
    }
}

extension Trait where Self == SharedServer {
    static var sharedServer: Self { SharedServer() }
}
