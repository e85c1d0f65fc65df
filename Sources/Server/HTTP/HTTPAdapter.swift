import APIServer
import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOSSL
import ServiceLifecycle

/// Between Hummingbird and the server's own request and response values: the only place that knows both.
struct HTTPAdapter: Sendable {
    let respond: @Sendable (ServerRequest) async -> ServerResponse

    func handle(_ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        let response = await respond(Self.serverRequest(request, channel))
        var head = HTTPResponse(
            status: HTTPResponse.Status(code: response.status), headerFields: response.headers)
        switch response.body {
        case .bytes(let bytes):
            if head.headerFields[.contentLength] == nil { head.headerFields[.contentLength] = String(bytes.count) }
            try await writer.write(response: head, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        case .stream(let write):
            try await writer.write(response: head, body: Self.streamed(write, from: request))
        }
    }

    private static func serverRequest(_ request: Request, _ channel: any Channel) -> ServerRequest {
        let target = request.head.path ?? "/"
        let mark = target.firstIndex(of: "?")
        return ServerRequest(
            method: request.method.rawValue,
            path: mark.map { String(target[..<$0]) } ?? target,
            query: mark.map { String(target[target.index(after: $0)...]) } ?? "",
            headers: request.headers,
            body: BodyReader { limit in try await collect(request, limit: limit) },
            clientCertificate: { await certificate(of: channel) },
            remoteAddress: channel.remoteAddress?.ipAddress ?? "")
    }

    private static func collect(_ request: Request, limit: Int) async throws -> [UInt8] {
        if let announced = request.headers[.contentLength].flatMap({ Int($0) }), announced > limit {
            throw BodyReader.Failure.tooLarge
        }
        var bytes: [UInt8] = []
        do {
            for try await chunk in request.body {
                guard bytes.count + chunk.readableBytes <= limit else { throw BodyReader.Failure.tooLarge }
                bytes += chunk.readableBytesView
            }
        } catch let error as BodyReader.Failure {
            throw error
        } catch {
            throw BodyReader.Failure.incomplete
        }
        return bytes
    }

    /// A body that is written until its source ends, the client leaves, or the server shuts down.
    private static func streamed(
        _ write: @escaping @Sendable (any BodyWriter) async throws -> Void, from request: Request
    ) -> ResponseBody {
        ResponseBody { writer in
            let stream = StreamWriter(writer)
            // Without consuming the rest of the request nobody would notice that the client has left.
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                try await cancelWhenGracefulShutdown { try await write(stream) }
            }
            try await stream.finish()
        }
    }

    /// The certificate of the connection; a stream of HTTP/2 asks its connection.
    private static func certificate(of channel: any Channel) async -> [UInt8]? {
        for candidate in [channel, channel.parent].compactMap({ $0 }) {
            if let certificate = try? await candidate.nioSSL_peerCertificate().get() {
                return try? certificate.toDERBytes()
            }
        }
        return nil
    }
}

/// Writes a streamed body. One task uses it at a time: the one that runs the stream.
private final class StreamWriter: BodyWriter, @unchecked Sendable {
    private var writer: any ResponseBodyWriter

    init(_ writer: any ResponseBodyWriter) { self.writer = writer }

    func write(_ bytes: [UInt8]) async throws {
        try await writer.write(ByteBuffer(bytes: bytes))
    }

    func finish() async throws {
        try await writer.finish(nil)
    }
}
