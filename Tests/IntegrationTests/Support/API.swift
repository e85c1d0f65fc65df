import AsyncHTTPClient
import Foundation
import JSON
import NIOCore
import NIOHTTP1
import NIOSSL

/// The API of a server, as a client sees it over TLS.
struct API: Sendable {
    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }

        func json() throws -> JSONValue { try JSONValue.parse(body) }
        /// `message` of a Status.
        var message: String { (try? json())?["message"]?.stringValue ?? text }
        /// `metadata.name` of each item of a list.
        func names() throws -> [String] {
            (try json()["items"]?.arrayValue ?? []).compactMap { $0["metadata"]?["name"]?.stringValue }
        }
    }

    let base: String
    let client: HTTPClient
    var token: String?

    /// Runs `body` with a client that trusts the server's authority and is the administrator.
    static func with<Result>(
        _ server: WeirProcess, http1Only: Bool = false, certificate: (chain: String, key: String)? = nil,
        _ body: (API) async throws -> Result
    ) async throws -> Result {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(server.authority))
        if let certificate {
            tls.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate.chain).map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: certificate.key, format: .pem))
        }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.timeout.connect = .seconds(10)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        configuration.httpVersion = http1Only ? .http1Only : .automatic
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let api = API(base: server.url, client: client, token: certificate == nil ? try server.token() : nil)
        do {
            let result = try await body(api)
            try await client.shutdown()
            return result
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    func request(
        _ method: String, _ path: String, _ body: [UInt8]? = nil, type: String = "application/json",
        headers: [(String, String)] = []
    ) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: base + path)
        request.method = HTTPMethod(rawValue: method)
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let body {
            request.headers.add(name: "Content-Type", value: type)
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        return request
    }

    func send(
        _ method: String, _ path: String, _ body: [UInt8]? = nil, type: String = "application/json",
        headers: [(String, String)] = [], within limit: TimeAmount = .seconds(30)
    ) async throws -> Answer {
        let response = try await client.execute(
            request(method, path, body, type: type, headers: headers), timeout: limit)
        let bytes = try await response.body.collect(upTo: 64 << 20)
        return Answer(
            status: Int(response.status.code), headers: response.headers, body: Array(bytes.readableBytesView))
    }

    func get(_ path: String) async throws -> Answer { try await send("GET", path) }

    func post(_ path: String, _ json: String) async throws -> Answer { try await send("POST", path, Array(json.utf8)) }

    /// Opens a watch; its lines end when the server ends the stream.
    func watch(_ path: String) async throws -> HTTPClientResponse {
        let response = try await client.execute(request("GET", path), deadline: .distantFuture)
        guard response.status == .ok else { throw TestFailure("watch answered \(response.status)") }
        return response
    }

    // MARK: Shorthands

    static func streams(_ namespace: String) -> String {
        "/apis/image.openshift.io/v1/namespaces/\(namespace)/imagestreams"
    }

    func createNamespace(_ name: String) async throws {
        let answer = try await post(
            "/api/v1/namespaces", #"{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"\#(name)"}}"#)
        guard answer.status == 201 else { throw TestFailure("namespace: \(answer.status) \(answer.text)") }
    }

    func createStream(_ name: String, in namespace: String, payload: Int = 0) async throws -> Answer {
        let annotations = payload == 0 ? "" : #","annotations":{"x":"\#(String(repeating: "x", count: payload))"}"#
        return try await post(
            Self.streams(namespace),
            #"{"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"\#(name)"\#(annotations)}}"#
        )
    }
}

/// The whole lines of a body, as they come.
struct Lines: AsyncSequence {
    let body: HTTPClientResponse.Body

    struct AsyncIterator: AsyncIteratorProtocol {
        var chunks: HTTPClientResponse.Body.AsyncIterator
        var pending: [UInt8] = []

        /// nil at the clean end of the stream; a broken one throws.
        mutating func next() async throws -> JSONValue? {
            while true {
                if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                    let line = Array(pending[..<end])
                    pending.removeSubrange(...end)
                    return try JSONValue.parse(line)
                }
                guard let chunk = try await chunks.next() else {
                    guard pending.isEmpty else { throw TestFailure("the stream ends within a line") }
                    return nil
                }
                pending += chunk.readableBytesView
            }
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(chunks: body.makeAsyncIterator()) }
}
