import APIServer
import Logging
import NIOCore
import NIOExtras
import NIOPosix
import NIOSSL
import ServiceLifecycle

/// One listening socket: HTTP/1.1 and HTTP/2 over TLS, or plain HTTP/1.1.
///
/// The connection is all ours, because most connections of an API server are idle watches: what one of them holds
/// decides how many there can be. The protocols are SwiftNIO's.
public struct HTTPListener: Service {
    public struct Configuration: Sendable {
        public var host: String
        /// 0 lets the system choose.
        public var port: Int
        /// Asked for each connection; nil serves HTTP/1.1 without TLS.
        public var tls: (@Sendable () -> NIOSSLContext)?
        public var limits = ConnectionLimits()
        /// Called for each connection that ended before its TLS handshake.
        public var onHandshakeFailure: @Sendable () -> Void = {}
        /// How long connections may take to end their requests once shutdown has begun.
        public var drainTimeout: TimeAmount = .seconds(60)

        public init(host: String, port: Int, tls: (@Sendable () -> NIOSSLContext)?) {
            self.host = host
            self.port = port
            self.tls = tls
        }
    }

    private let configuration: Configuration
    private let respond: Responder
    private let onListening: @Sendable (_ port: Int) async -> Void
    private let logger: Logger

    /// Answers a request; never throws.
    public typealias Responder = @Sendable (ServerRequest) async -> ServerResponse

    /// - Parameter onListening: called once the socket listens, with the port it got.
    public init(
        _ configuration: Configuration, logger: Logger, respond: @escaping Responder,
        onListening: @escaping @Sendable (_ port: Int) async -> Void
    ) {
        self.configuration = configuration
        self.logger = logger
        self.respond = respond
        self.onListening = onListening
    }

    /// Serves until graceful shutdown: then the socket is closed, requests in flight are answered, watches end.
    ///
    /// - Throws: `IOError` where the address cannot be listened on.
    public func run() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let quiescing = ServerQuiescingHelper(group: group)
        let pipeline = ConnectionPipeline(
            tls: configuration.tls, limits: configuration.limits, executors: EventLoopExecutors(group),
            respond: respond, onHandshakeFailure: configuration.onHandshakeFailure, logger: logger)
        let channel: any Channel
        do {
            channel = try await ServerBootstrap(group: group)
                // A storm of clients that come back at the same time must find room.
                .serverChannelOption(.backlog, value: 4096)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .serverChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            quiescing.makeServerChannelHandler(channel: channel))
                    }
                }
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                // Most requests are small; what brings more gets larger buffers soon.
                .childChannelOption(
                    .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 64, initial: 512, maximum: 65_536)
                )
                // A client that vanished without a word is noticed by the system.
                .childChannelOption(.socketOption(.so_keepalive), value: 1)
                .childChannelOption(
                    .writeBufferWaterMark,
                    value: .init(low: configuration.limits.writeBuffer / 2, high: configuration.limits.writeBuffer)
                )
                .childChannelInitializer { channel in pipeline.configure(channel) }
                .bind(host: configuration.host, port: configuration.port).get()
        } catch {
            quiescing.initiateShutdown(promise: nil)
            throw error
        }
        await onListening(channel.localAddress?.port ?? configuration.port)
        try? await gracefulShutdown()
        await drain(quiescing, on: channel.eventLoop)
    }

    /// Closes the socket and waits for the connections to end.
    private func drain(_ quiescing: ServerQuiescingHelper, on loop: any EventLoop) async {
        let drained = loop.makePromise(of: Void.self)
        let deadline = loop.scheduleTask(in: configuration.drainTimeout) { drained.succeed() }
        let closed = loop.makePromise(of: Void.self)
        closed.futureResult.whenComplete { _ in
            deadline.cancel()
            drained.succeed()
        }
        quiescing.initiateShutdown(promise: closed)
        try? await drained.futureResult.get()
    }
}
