import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// What a client sent.
public struct TestRequest: Sendable {
    public let method: String
    /// Path and query.
    public let target: String
    public let headers: [(name: String, value: String)]
    public var body: [UInt8] = []

    public var path: String { String(target.prefix { $0 != "?" }) }
    public var query: String { String(target.drop { $0 != "?" }.dropFirst()) }
    /// All values of a header; `name` in lower case.
    public func header(_ name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name }.map(\.value)
    }
}

/// What it gets, misbehaviour included.
public struct TestResponse: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// A Content-Length other than the body's. The connection is closed behind the body.
    public var claimedLength: Int?
    /// The body is sent without telling its length.
    public var chunked = false
    /// The body is sent byte by byte with this pause.
    public var drip: Duration?
    /// The connection is reset in the middle of the body.
    public var resets = false
    /// No answer at all until the client gives up.
    public var hangs = false

    public init(_ status: Int, _ headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public init(_ status: Int, _ headers: [(name: String, value: String)] = [], text: String) {
        self.init(status, headers, body: Array(text.utf8))
    }

    /// An error document of the distribution API.
    public static func error(_ status: Int, _ code: String, _ message: String? = nil) -> TestResponse {
        let said = message.map { #","message":"\#($0)""# } ?? ""
        return TestResponse(
            status, [("Content-Type", "application/json")], text: #"{"errors":[{"code":"\#(code)"\#(said)}]}"#)
    }
}

/// An HTTP/1.1 server on a free port of 127.0.0.1 whose answers are a function, with the requests it got.
public final class TestServer: Sendable {
    public typealias Responder = @Sendable (TestRequest) async -> TestResponse

    private let channel: any Channel
    private let log: RequestLog
    public let port: Int
    /// `127.0.0.1:port`
    public var host: String { "127.0.0.1:\(port)" }
    public var requests: [TestRequest] { log.all }

    public static func start(tls: TestCertificate? = nil, respond: @escaping Responder) async throws -> TestServer {
        let log = RequestLog()
        var sslContext: NIOSSLContext?
        if let tls {
            let configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMBytes(tls.certificate).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: tls.key, format: .pem)))
            sslContext = try NIOSSLContext(configuration: configuration)
        }
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .childChannelInitializer { [sslContext] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let sslContext { try pipeline.addHandler(NIOSSLServerHandler(context: sslContext)) }
                    try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
                    try pipeline.addHandler(Handler(log: log, respond: respond))
                }
            }
        let channel = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
        return TestServer(channel: channel, log: log)
    }

    private init(channel: any Channel, log: RequestLog) {
        self.channel = channel
        self.log = log
        port = channel.localAddress?.port ?? 0
    }

    public func stop() async { try? await channel.close() }

    /// Requests with this path, in order.
    public func requests(to path: String) -> [TestRequest] { log.all.filter { $0.path == path } }
    /// All requests as `METHOD target`.
    public var lines: [String] { log.all.map { "\($0.method) \($0.target)" } }
}

private final class RequestLog: Sendable {
    private let entries = Mutex<[TestRequest]>([])
    var all: [TestRequest] { entries.withLock { $0 } }
    func append(_ request: TestRequest) { entries.withLock { $0.append(request) } }
}

/// One connection.
private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let log: RequestLog
    private let respond: TestServer.Responder
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(log: RequestLog, respond: @escaping TestServer.Responder) {
        self.log = log
        self.respond = respond
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let buffer): body += buffer.readableBytesView
        case .end:
            guard let head else { return }
            let request = TestRequest(
                method: head.method.rawValue, target: head.uri, headers: head.headers.map { ($0.name, $0.value) },
                body: body)
            log.append(request)
            let channel = context.channel
            let respond = respond
            Task {
                let response = await respond(request)
                await Handler.answer(response, to: request, on: channel)
            }
        }
    }

    private static func answer(_ response: TestResponse, to request: TestRequest, on channel: any Channel) async {
        guard !response.hangs else { return }
        var headers = HTTPHeaders(response.headers.map { ($0.name, $0.value) })
        if !response.chunked {
            headers.add(name: "Content-Length", value: "\(response.claimedLength ?? response.body.count)")
        }
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: response.status), headers: headers)
        let pieces: [ByteBuffer] =
            response.drip == nil
            ? [ByteBuffer(bytes: response.body)] : response.body.map { ByteBuffer(bytes: CollectionOfOne($0)) }
        do {
            try await channel.writeAndFlush(HTTPServerResponsePart.head(head)).get()
            if response.resets {
                let half = ByteBuffer(bytes: response.body.prefix(response.body.count / 2))
                try await channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(half))).get()
                // Nothing is left to linger: the peer gets a reset.
                if let options = channel as? any SocketOptionProvider {
                    try await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
                }
                return try await channel.close().get()
            }
            if request.method != "HEAD" {
                for piece in pieces {
                    if let drip = response.drip { try await Task.sleep(for: drip) }
                    try await channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(piece))).get()
                }
            }
            if response.claimedLength == nil {
                try await channel.writeAndFlush(HTTPServerResponsePart.end(nil)).get()
            } else {
                try await channel.close().get()
            }
        } catch {
            channel.close(promise: nil)  // the client has left
        }
    }
}
