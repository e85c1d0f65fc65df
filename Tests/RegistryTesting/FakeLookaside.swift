public import OCI
import Synchronization

/// A web server with signatures of images, as lookaside stores have them.
public final class FakeLookaside: Sendable {
    private struct State {
        var files: [String: [UInt8]] = [:]
        var override: (@Sendable (TestRequest) async -> TestResponse?)?
    }

    private let state = Mutex(State())
    private let serverBox = Mutex<TestServer?>(nil)

    /// Runs `body` with a server that is gone afterwards.
    public static func run<Value: Sendable>(_ body: (FakeLookaside) async throws -> Value) async throws -> Value {
        let lookaside = FakeLookaside()
        let server = try await TestServer.start { [weak lookaside] in
            // A request may still be on its way when the test is over.
            await lookaside?.respond(to: $0) ?? TestResponse(503, text: "gone")
        }
        lookaside.serverBox.withLock { $0 = server }
        let result: Result<Value, any Error>
        do { result = .success(try await body(lookaside)) } catch { result = .failure(error) }
        await server.stop()
        return try result.get()
    }

    public var server: TestServer {
        guard let server = serverBox.withLock({ $0 }) else { preconditionFailure("used outside of run") }
        return server
    }

    /// What a configuration names as `lookaside`.
    public var url: String { "http://\(server.host)/sigs" }

    /// Where the signature with a number lies on the server.
    public static func path(_ repository: String, _ digest: Digest, _ number: Int) -> String {
        "/sigs/\(repository)@\(digest.algorithm.rawValue)=\(digest.hex)/signature-\(number)"
    }

    public func put(_ signature: String, _ repository: String, _ digest: Digest, _ number: Int) {
        put(Array(signature.utf8), at: Self.path(repository, digest, number))
    }

    public func put(_ content: [UInt8], at path: String) { state.withLock { $0.files[path] = content } }

    public func remove(_ path: String) { state.withLock { $0.files[path] = nil } }

    /// Answers in the server's place where `answer` gives one.
    public func intercept(_ answer: @escaping @Sendable (TestRequest) async -> TestResponse?) {
        state.withLock { $0.override = answer }
    }

    private func respond(to request: TestRequest) async -> TestResponse {
        if let answer = state.withLock({ $0.override }), let response = await answer(request) { return response }
        guard let content = state.withLock({ $0.files[request.path] }) else { return TestResponse(404, text: "no") }
        let tag = "\"\(Digest.sha256(of: content).hex.prefix(16))\""
        if request.header("if-none-match") == [tag] { return TestResponse(304, [("ETag", tag)]) }
        return TestResponse(200, [("ETag", tag)], body: content)
    }
}
