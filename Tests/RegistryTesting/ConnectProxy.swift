import NIOCore
import NIOPosix
import Synchronization

/// An HTTP proxy on a free port of 127.0.0.1 that knows one thing: `CONNECT`. It connects everybody to one server, whatever
/// they ask for.
public final class ConnectProxy: Sendable {
    private let channel: any Channel
    private let log: Heads
    public var port: Int { channel.localAddress?.port ?? 0 }
    /// The heads of the requests that came, with their header lines.
    public var requests: [String] { log.all }

    /// Runs `body` with a proxy that is gone afterwards.
    /// - Parameter target: port of the server, on 127.0.0.1.
    public static func run<Value: Sendable>(
        to target: Int, _ body: (ConnectProxy) async throws -> Value
    ) async throws -> Value {
        let log = Heads()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Entrance(target: target, log: log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let result: Result<Value, any Error>
        do { result = .success(try await body(ConnectProxy(channel: channel, log: log))) } catch {
            result = .failure(error)
        }
        try? await channel.close()
        return try result.get()
    }

    private init(channel: any Channel, log: Heads) {
        self.channel = channel
        self.log = log
    }
}

private final class Heads: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func append(_ line: String) { lines.withLock { $0.append(line) } }
}

/// Reads the head of a request, then passes bytes on.
private final class Entrance: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let target: Int
    private let log: Heads
    private var head = ""
    private var server: (any Channel)?

    init(target: Int, log: Heads) {
        self.target = target
        self.log = log
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if let server { return server.writeAndFlush(bytes, promise: nil) }
        head += String(buffer: bytes)
        guard head.hasSuffix("\r\n\r\n") else { return }
        log.append(head)
        let client = context.channel
        let answer = context.channel.allocator.buffer(string: "HTTP/1.1 200 Connection established\r\n\r\n")
        let loopBound = NIOLoopBound(self, eventLoop: context.eventLoop)
        ClientBootstrap(group: context.eventLoop)
            .channelInitializer { server in
                server.eventLoop.makeCompletedFuture {
                    try server.pipeline.syncOperations.addHandler(Exit(client: client))
                }
            }
            .connect(host: "127.0.0.1", port: target)
            .whenComplete { result in
                guard case .success(let server) = result else { return client.close(promise: nil) }
                loopBound.value.server = server
                client.writeAndFlush(answer, promise: nil)
            }
    }

    func channelInactive(context: ChannelHandlerContext) { server?.close(promise: nil) }
}

/// What the server sends back.
private final class Exit: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let client: any Channel

    init(client: any Channel) { self.client = client }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        client.writeAndFlush(unwrapInboundIn(data), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { client.close(promise: nil) }
}
