import AsyncHTTPClient
import Foundation
import JSON
import NIOCore
import NIOHTTP1
import NIOSSL

/// Requests to one server, with the rights of one user. What may pass is asked again, at most four times.
public struct ServerSession: Sendable {
    private let client: HTTPClient
    private let access: ServerAccess

    /// Runs `body` with a session.
    public static func with<Result: Sendable>(
        _ access: ServerAccess, _ body: (ServerSession) async throws -> Result
    ) async throws -> Result {
        var tls = TLSConfiguration.makeClientConfiguration()
        do {
            if let authority = access.authority {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authority))
            }
            if access.token == nil, let certificate = access.certificate, let key = access.key {
                tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(certificate).map { .certificate($0) }
                tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
            }
        } catch {
            throw BundleError.unclear("a certificate or key for \(access.url) cannot be read: \(error)")
        }
        if access.isInsecure { tls.certificateVerification = .none }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
        // Bytes of large blobs wait at the server until they are wanted; over HTTP/2 the client would hoard them.
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .seconds(10)
        // Where nobody listens, that is soon known; it is tried again below.
        configuration.connectionPool.retryConnectionEstablishment = false
        // Servers give a request a minute.
        configuration.timeout.read = .seconds(90)
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let result = try await body(ServerSession(client: client, access: access))
            try await client.shutdown()
            return result
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    /// An answer that was read as a whole.
    package struct Answer {
        package var status: Int
        package var headers: HTTPHeaders
        package var body: [UInt8]

        package var isSuccess: Bool { (200..<300).contains(status) }

        /// What the server says is wrong.
        package var message: String {
            let document = try? JSONValue.parse(body)
            if let message = document?["message"]?.stringValue { return message }
            if let error = document?["errors"]?.arrayValue?.first {
                let detail = error["detail"].flatMap { $0.isNull ? nil : ": \($0)" } ?? ""
                return "\(error["message"]?.stringValue ?? "refused")\(detail)"
            }
            return String(decoding: body.prefix(300), as: UTF8.self)
        }
    }

    // MARK: Requests

    static let attempts = 5
    /// Bytes of an answer.
    private static let maximumAnswer = 64 << 20

    /// - Parameter path: with its query.
    /// - Returns: also answers that are no success, but for those that may pass.
    /// - Throws: `BundleError.server`.
    package func send(
        _ method: HTTPMethod, _ path: String, accept: [String] = [], type: String? = nil, _ body: [UInt8]? = nil
    ) async throws -> Answer {
        var request = request(method, path)
        for type in accept { request.headers.add(name: "Accept", value: type) }
        if let body {
            request.headers.add(name: "Content-Type", value: type ?? "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        return try await retrying(path) {
            let response = try await client.execute(request, timeout: .seconds(120))
            let bytes = try await response.body.collect(upTo: Self.maximumAnswer)
            return Answer(
                status: Int(response.status.code), headers: response.headers, body: Array(bytes.readableBytesView))
        }
    }

    /// As `send`, for answers that must be a success.
    /// - Throws: `BundleError.server` with what the server says.
    @discardableResult
    func require(
        _ method: HTTPMethod, _ path: String, accept: [String] = [], type: String? = nil, _ body: [UInt8]? = nil
    ) async throws -> Answer {
        let answer = try await send(method, path, accept: accept, type: type, body)
        guard answer.isSuccess else {
            throw BundleError.server(status: answer.status, "\(method) \(path): \(answer.message)")
        }
        return answer
    }

    private func request(_ method: HTTPMethod, _ path: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: access.url + path)
        request.method = method
        request.headers.add(name: "User-Agent", value: "weir")
        if let token = access.token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        return request
    }

    private func retrying(_ path: String, _ body: () async throws -> Answer) async throws -> Answer {
        var attempt = 1
        while true {
            let failure: BundleError
            var pause = Duration.milliseconds(200 << attempt)
            do {
                let answer = try await body()
                guard Self.mayPass.contains(answer.status) else { return answer }
                failure = .server(status: answer.status, "\(path): \(answer.message)")
                if let seconds = answer.headers.first(name: "retry-after").flatMap({ Int($0) }) {
                    pause = .seconds(max(0, min(seconds, 30)))
                }
            } catch let error as BundleError {
                throw error
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                failure = .server(status: 0, "no answer of \(access.url)\(path): \(error)")
            }
            guard attempt < Self.attempts else { throw failure }
            attempt += 1
            try await Task.sleep(for: pause)
        }
    }

    private static let mayPass: Set<Int> = [429, 502, 503, 504]

    // MARK: Large bodies

    /// Hands over the bytes of a blob; goes on where a connection broke.
    ///
    /// - Parameters:
    ///   - size: as it is known.
    ///   - begin: is called once, before the first bytes come, if there are any.
    /// - Returns: false where there is no such blob.
    /// - Throws: `.unclear` where it has another size.
    func download(
        _ path: String, size: Int64, begin: () throws -> Void, chunk consume: (ByteBuffer) async throws -> Void
    ) async throws -> Bool {
        var hasBegun = false
        var offset: Int64 = 0
        var attempt = 1
        while true {
            var request = request(.GET, path)
            if offset > 0 { request.headers.add(name: "Range", value: "bytes=\(offset)-") }
            let failure: String
            do {
                let response = try await client.execute(request, deadline: .distantFuture)
                let status = Int(response.status.code)
                if status == 404 { return false }
                if status == (offset > 0 ? 206 : 200) {
                    if !hasBegun {
                        let actual = response.headers.first(name: "content-length").flatMap { Int64($0) } ?? size
                        guard actual == size else {
                            throw BundleError.unclear("\(path) has \(actual) bytes, and should have \(size)")
                        }
                        do { try begin() } catch { throw Consumption(error: error) }
                        hasBegun = true
                    }
                    for try await chunk in response.body {
                        offset += Int64(chunk.readableBytes)
                        guard offset <= size else {
                            throw BundleError.server(status: status, "\(path) has more than \(size) bytes")
                        }
                        do { try await consume(chunk) } catch { throw Consumption(error: error) }
                        attempt = 1
                    }
                    if offset == size { return true }
                    failure = "\(path) ended after \(offset) of \(size) bytes"
                } else {
                    let body = try await response.body.collect(upTo: 1 << 20)
                    let answer = Answer(
                        status: status, headers: response.headers, body: Array(body.readableBytesView))
                    guard Self.mayPass.contains(status) else {
                        throw BundleError.server(status: status, "\(path): \(answer.message)")
                    }
                    failure = answer.message
                }
            } catch let error as Consumption {
                throw error.error
            } catch let error as BundleError {
                throw error
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                failure = "\(error)"
            }
            guard attempt < Self.attempts else {
                throw BundleError.server(status: 0, "\(access.url)\(path): \(failure)")
            }
            attempt += 1
            try await Task.sleep(for: .milliseconds(200 << attempt))
        }
    }

    /// What the receiver of bytes had against them.
    private struct Consumption: Error { var error: any Error }

    /// Sends bytes piece by piece, as often as that takes.
    /// - Parameter read: gives a range of them; is called from several tasks, one after the other.
    func upload(
        _ path: String, size: Int64, _ read: @escaping @Sendable (Range<Int64>) throws -> [UInt8]
    ) async throws -> Answer {
        try await retrying(path) {
            var request = request(.POST, path)
            request.headers.add(name: "Content-Type", value: "application/octet-stream")
            request.body = .stream(BlobPieces(size: size, read: read), length: .known(size))
            let response = try await client.execute(request, deadline: .distantFuture)
            let bytes = try await response.body.collect(upTo: 1 << 20)
            return Answer(
                status: Int(response.status.code), headers: response.headers, body: Array(bytes.readableBytesView))
        }
    }
}

/// The bytes of a blob, read when they are wanted.
private struct BlobPieces: AsyncSequence, Sendable {
    let size: Int64
    let read: @Sendable (Range<Int64>) throws -> [UInt8]

    struct AsyncIterator: AsyncIteratorProtocol {
        let pieces: BlobPieces
        var offset: Int64 = 0

        mutating func next() async throws -> ByteBuffer? {
            guard offset < pieces.size else { return nil }
            let end = Swift.min(pieces.size, offset + BundleArchive.step)
            let bytes = try pieces.read(offset..<end)
            offset = end
            return ByteBuffer(bytes: bytes)
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pieces: self) }
}
