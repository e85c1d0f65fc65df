import APIMachinery
import AsyncHTTPClient
import Foundation
import JSON
import NIOCore
import NIOHTTP1
import NIOSSL

/// A running server, as its administrator: by the credentials in the data directory.
public struct AdminClient: Sendable {
    /// A request that failed, in words for the person who made it.
    public struct Failure: Error, CustomStringConvertible {
        public var description: String
        /// 0 where no server answered.
        public var code = 0
    }

    private let client: HTTPClient
    private let base: String
    private let token: String

    /// Runs `body` with a client of the server that serves from a data directory.
    /// - Throws: `Failure` where there is no such server, and what `body` throws.
    public static func with<Result: Sendable>(
        dataDirectory: String, _ body: (AdminClient) async throws -> Result
    ) async throws -> Result {
        func read(_ name: String) throws -> String {
            do { return try String(contentsOfFile: "\(dataDirectory)/\(name)", encoding: .utf8) } catch {
                throw Failure(description: "\(dataDirectory) is no data directory of a server: \(name) is missing")
            }
        }
        let kubeconfig = try read("admin.kubeconfig")
        guard
            let server = kubeconfig.split(separator: "\n").map({ $0.drop { $0 == " " } })
                .first(where: { $0.hasPrefix("server: ") })?.dropFirst("server: ".count)
        else { throw Failure(description: "\(dataDirectory)/admin.kubeconfig names no server") }
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(try read("ca.crt").utf8)))
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.timeout.connect = .seconds(5)
        configuration.redirectConfiguration = .disallow
        let token = try read("admin.token").trimmingCharacters(in: .whitespacesAndNewlines)
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let result = try await body(AdminClient(client: client, base: String(server), token: token))
            try await client.shutdown()
            return result
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    /// - Returns: the answer's document.
    /// - Throws: `Failure` with the server's message for anything but success.
    @discardableResult
    func send(_ method: HTTPMethod, _ path: String, _ body: JSONValue? = nil) async throws -> JSONValue {
        var request = HTTPClientRequest(url: base + path)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer \(token)")
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body.jsonBytes()))
        }
        let status: Int
        let bytes: [UInt8]
        do {
            let response = try await client.execute(request, timeout: .seconds(30))
            status = Int(response.status.code)
            bytes = Array(try await response.body.collect(upTo: 64 << 20).readableBytesView)
        } catch {
            throw Failure(description: "no server answers at \(base): \(error)")
        }
        let document = (try? JSONValue.parse(bytes)) ?? .null
        guard (200..<300).contains(status) else {
            throw Failure(description: document["message"]?.stringValue ?? "HTTP status \(status)", code: status)
        }
        return document
    }

    /// Hands over the documents of a streamed answer, which are a line each.
    /// - Throws: `Failure`, what `onLine` throws.
    func lines(_ method: HTTPMethod, _ path: String, _ onLine: (JSONValue) async throws -> Void) async throws {
        var request = HTTPClientRequest(url: base + path)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer \(token)")
        let response: HTTPClientResponse
        do { response = try await client.execute(request, deadline: .distantFuture) } catch {
            throw Failure(description: "no server answers at \(base): \(error)")
        }
        guard response.status == .ok else {
            let bytes = try? await response.body.collect(upTo: 1 << 20)
            let text = bytes.map { String(buffer: $0) } ?? ""
            let message = (try? JSONValue.parse(Array(text.utf8)))?["message"]?.stringValue
            throw Failure(
                description: message ?? (text.isEmpty ? "HTTP status \(response.status.code)" : text),
                code: Int(response.status.code))
        }
        var rest: [UInt8] = []
        var body = response.body.makeAsyncIterator()
        while true {
            let chunk: ByteBuffer?
            do { chunk = try await body.next() } catch {
                throw Failure(description: "the server at \(base) ended in the middle: \(error)")
            }
            guard let chunk else { return }
            rest += chunk.readableBytesView
            guard rest.count <= 16 << 20 else { throw Failure(description: "the server sends a line without an end") }
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(rest[..<end])
                rest.removeSubrange(...end)
                try await onLine(try JSONValue.parse(line))
            }
        }
    }

    /// As `send`, but nil where there is no such object.
    func find(_ method: HTTPMethod, _ path: String) async throws -> JSONValue? {
        do { return try await send(method, path) } catch let failure as Failure where failure.code == 404 {
            return nil
        }
    }

    /// A name as one segment of a path.
    static func segment(_ name: String) -> String {
        name.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-._~"))) ?? name
    }
}
