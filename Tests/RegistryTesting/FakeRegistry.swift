import Foundation
public import OCI
public import RegistryClient
import Synchronization

/// A registry in the test's own process: holds manifests and blobs, asks for a login if told to, and lets the test
/// answer any request in its place.
public final class FakeRegistry: Sendable {
    public enum Login: Sendable {
        case none
        case basic(Credentials)
        /// A token server at `/token` of the same server, unless `realm` names another. Anonymous tokens are given;
        /// they open repositories below `public/` only.
        case bearer(Credentials, realm: String? = nil)
    }

    private struct State {
        var manifests: [String: (type: String, bytes: [UInt8])] = [:]
        var blobs: [String: [UInt8]] = [:]
        var tags: [String: [String]] = [:]
        var tokens: [String: String] = [:]
        var override: (@Sendable (TestRequest) async -> TestResponse?)?
    }

    private let state = Mutex(State())
    private let login: Login
    private let serverBox = Mutex<TestServer?>(nil)

    private init(login: Login) { self.login = login }

    /// Runs `body` with a registry that is gone afterwards.
    public static func run<Value: Sendable>(
        tls: TestCertificate? = nil, login: Login = .none, _ body: (FakeRegistry) async throws -> Value
    ) async throws -> Value {
        let registry = FakeRegistry(login: login)
        let server = try await TestServer.start(tls: tls) { [weak registry] in
            // A request may still be on its way when the test is over.
            await registry?.respond(to: $0) ?? TestResponse(503, text: "gone")
        }
        registry.serverBox.withLock { $0 = server }
        let result: Result<Value, any Error>
        do { result = .success(try await body(registry)) } catch { result = .failure(error) }
        await server.stop()
        return try result.get()
    }

    public var server: TestServer {
        guard let server = serverBox.withLock({ $0 }) else { preconditionFailure("used outside of run") }
        return server
    }
    public var host: String { server.host }

    public func repository(_ path: String) -> RepositoryName { RepositoryName(host: host, path: path) }
    public func reference(_ path: String, _ tag: String) -> RemoteReference {
        RemoteReference(repository: repository(path), tag: tag)
    }
    public func reference(_ path: String, _ digest: Digest) -> RemoteReference {
        RemoteReference(repository: repository(path), digest: digest)
    }

    /// Answers in the registry's place where `answer` gives one.
    public func intercept(_ answer: @escaping @Sendable (TestRequest) async -> TestResponse?) {
        state.withLock { $0.override = answer }
    }

    /// Forgets all tokens given out: requests with them are answered 401.
    public func revokeTokens() { state.withLock { $0.tokens = [:] } }
}

/// What it stores.
extension FakeRegistry {
    @discardableResult
    public func put(blob: String, in repository: String) -> Digest {
        put(blob: Array(blob.utf8), in: repository)
    }

    @discardableResult
    public func put(blob: [UInt8], in repository: String) -> Digest {
        let digest = Digest.sha256(of: blob)
        state.withLock { $0.blobs["\(repository)/\(digest)"] = blob }
        return digest
    }

    /// Stores a manifest under its digest and `tag`.
    @discardableResult
    public func put(manifest: String, type: String, in repository: String, tag: String? = nil) -> Digest {
        let bytes = Array(manifest.utf8)
        let digest = Digest.sha256(of: bytes)
        state.withLock { state in
            for name in [digest.description, Digest.compute(.sha512, of: bytes).description, tag].compactMap({ $0 }) {
                state.manifests["\(repository)/\(name)"] = (type, bytes)
            }
            if let tag { state.tags[repository, default: []].append(tag) }
        }
        return digest
    }

    /// Stores an image of one layer that says `content`.
    @discardableResult
    public func putImage(
        _ content: String, in repository: String, tag: String? = nil, type: String = MediaType.ociManifest
    ) -> Digest {
        let text = #"{"architecture":"amd64","os":"linux","comment":"\#(content)"}"#
        let config = put(blob: text, in: repository)
        let layer = Digest.sha256(of: Array(content.utf8))
        let manifest =
            #"{"schemaVersion":2,"mediaType":"\#(type)","config":{"mediaType":"c","size":\#(text.utf8.count),"#
            + #""digest":"\#(config)"},"#
            + #""layers":[{"mediaType":"l","size":100,"digest":"\#(layer)"}]}"#
        return put(manifest: manifest, type: type, in: repository, tag: tag)
    }

    /// Stores a list of manifests that are already there.
    @discardableResult
    public func putIndex(
        _ entries: [(digest: Digest, architecture: String)], in repository: String, tag: String? = nil
    ) -> Digest {
        let list = entries.map {
            #"{"mediaType":"\#(MediaType.ociManifest)","size":1,"digest":"\#($0.digest)","#
                + #""platform":{"architecture":"\#($0.architecture)","os":"linux"}}"#
        }
        let manifest = #"{"schemaVersion":2,"manifests":[\#(list.joined(separator: ","))]}"#
        return put(manifest: manifest, type: MediaType.ociIndex, in: repository, tag: tag)
    }
}

/// How it answers.
extension FakeRegistry {
    private func respond(to request: TestRequest) async -> TestResponse {
        if let answer = state.withLock({ $0.override }), let response = await answer(request) { return response }
        if request.path == "/token" { return token(request) }
        let version = ("Docker-Distribution-API-Version", "registry/2.0")
        guard request.path.hasPrefix("/v2/") else { return TestResponse(404, text: "404 page not found") }
        let parts = request.path.split(separator: "/").dropFirst().map(String.init)
        let repository = parts.dropLast(2).joined(separator: "/")
        if let refusal = refusal(request, repository) { return refusal }
        guard parts.count >= 3, let last = parts.last else { return TestResponse(200, [version], text: "{}") }
        return state.withLock { state in
            switch parts[parts.count - 2] {
            case "manifests":
                guard let (type, bytes) = state.manifests["\(repository)/\(last)"] else {
                    return .error(404, "MANIFEST_UNKNOWN", "manifest unknown")
                }
                let digest = Digest.sha256(of: bytes)
                return TestResponse(200, [("Content-Type", type), ("Docker-Content-Digest", "\(digest)")], body: bytes)
            case "blobs":
                guard let bytes = state.blobs["\(repository)/\(last)"] else { return .error(404, "BLOB_UNKNOWN") }
                return TestResponse(200, body: bytes)
            case "tags":
                guard let tags = state.tags[repository] else { return .error(404, "NAME_UNKNOWN") }
                let list = tags.map { "\"\($0)\"" }.joined(separator: ",")
                return TestResponse(200, text: #"{"name":"\#(repository)","tags":[\#(list)]}"#)
            default: return TestResponse(404, text: "404 page not found")
            }
        }
    }

    private func refusal(_ request: TestRequest, _ repository: String) -> TestResponse? {
        let given = request.header("authorization").first ?? ""
        switch login {
        case .none: return nil
        case .basic(let credentials):
            if given == Self.basic(credentials) { return nil }
            return challenge(#"Basic realm="test""#)
        case .bearer(let credentials, let realm):
            let known = state.withLock { $0.tokens[String(given.dropFirst("Bearer ".count))] }
            let open = known != nil && (repository.isEmpty || repository.hasPrefix("public/"))
            if open || known == credentials.username { return nil }
            let address = realm ?? "http://\(host)/token"
            let scope = repository.isEmpty ? "" : #",scope="repository:\#(repository):pull""#
            return challenge(#"Bearer realm="\#(address)",service="test"\#(scope)"#)
        }
    }

    private func challenge(_ value: String) -> TestResponse {
        var response = TestResponse.error(401, "UNAUTHORIZED", "authentication required")
        response.headers.append(("WWW-Authenticate", value))
        return response
    }

    private func token(_ request: TestRequest) -> TestResponse {
        guard case .bearer(let credentials, _) = login else { return TestResponse(404) }
        let given = request.header("authorization").first
        if let given, given != Self.basic(credentials) {
            return TestResponse(401, text: #"{"details":"incorrect username or password"}"#)
        }
        let value = UUID().uuidString
        state.withLock { $0.tokens[value] = given == nil ? "" : credentials.username }
        return TestResponse(200, text: #"{"token":"\#(value)","expires_in":300}"#)
    }

    public static func basic(_ credentials: Credentials) -> String {
        "Basic " + Data("\(credentials.username):\(credentials.password)".utf8).base64EncodedString()
    }
}
