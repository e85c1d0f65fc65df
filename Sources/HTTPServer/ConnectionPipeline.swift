import APIServer
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOSSL
import NIOTLS

/// Puts together the handlers of a connection: TLS, then HTTP/1.1 or HTTP/2 as the client chose.
struct ConnectionPipeline: Sendable {
    let tls: (@Sendable () -> NIOSSLContext)?
    let limits: ConnectionLimits
    let executors: EventLoopExecutors
    let respond: HTTPListener.Responder
    let onHandshakeFailure: @Sendable () -> Void
    let logger: Logger
    private let transfers = FileTransfers()

    func configure(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            guard let tls else {
                try addHTTP1(to: channel)
                return
            }
            let deadline = channel.eventLoop.scheduleTask(in: limits.handshakeTimeout) { channel.close(promise: nil) }
            channel.closeFuture.whenComplete { _ in deadline.cancel() }
            let negotiation = ApplicationProtocolNegotiationHandler { result, channel in
                deadline.cancel()
                return channel.eventLoop.makeCompletedFuture {
                    if case .negotiated("h2") = result {
                        try addHTTP2(to: channel)
                    } else {
                        try addHTTP1(to: channel)
                    }
                }
            }
            try channel.pipeline.syncOperations.addHandlers([
                NIOSSLServerHandler(context: tls()), HandshakeObserver(onFailure: onHandshakeFailure), WriteCoalescer(),
                negotiation, ConnectionErrorHandler(logger: logger),
            ])
        }
    }

    private func addHTTP1(to channel: any Channel) throws {
        var decoderLimits = NIOHTTPDecoderLimitConfiguration()
        decoderLimits.maxHeaderFieldSize = limits.headerBytes
        decoderLimits.maxHeaderListSize = limits.headerBytes
        decoderLimits.maxHeaderFieldCount = limits.headerFields
        let http: [any RemovableChannelHandler] = [
            ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: decoderLimits)),
            HTTPResponseEncoder(),
            HTTPServerPipelineHandler(),
        ]
        let handler = RequestHandler(requestContext(of: channel, upgradable: http))
        let goodbyes = GoodbyeHandler(handler)
        handler.goodbyes = goodbyes
        try channel.pipeline.syncOperations.addHandlers(
            [goodbyes] + http + [handler, ConnectionErrorHandler(logger: logger)])
    }

    private func addHTTP2(to channel: any Channel) throws {
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: limits.streams),
            HTTP2Setting(parameter: .maxHeaderListSize, value: limits.headerBytes),
            HTTP2Setting(parameter: .initialWindowSize, value: limits.bodyBuffer),
        ]
        connection.targetWindowSize = 4 * limits.bodyBuffer
        var stream = NIOHTTP2Handler.StreamConfiguration()
        stream.targetWindowSize = limits.bodyBuffer
        stream.outboundBufferSizeHighWatermark = limits.writeBuffer
        stream.outboundBufferSizeLowWatermark = limits.writeBuffer / 2
        // Clients end watches by resetting their streams, and a console has many.
        stream.streamResetFrameRateLimit.maximumCount = 1000
        let management = NIOHTTP2ServerConnectionManagementHandler(
            eventLoop: channel.eventLoop,
            configuration: .init(
                maxIdleTime: limits.idleTimeout, maxAge: nil, maxGraceTime: .seconds(60),
                keepalive: .init(pingInterval: .seconds(60), ackTimeout: .seconds(30))))
        let context = requestContext(of: channel)
        _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
            mode: .server, connectionConfiguration: connection, streamConfiguration: stream,
            streamDelegate: management.http2StreamDelegate
        ) { stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandlers([
                    HTTP2FramePayloadToHTTP1ServerCodec(), RequestHandler(context),
                ])
            }
        }
        try channel.pipeline.syncOperations.addHandlers([management, ConnectionErrorHandler(logger: logger)])
    }

    /// What the requests of a connection share. Made after the handshake: the certificate is there.
    private func requestContext(
        of channel: any Channel, upgradable: [any RemovableChannelHandler] = []
    ) -> RequestHandler.Connection {
        RequestHandler.Connection(
            respond: respond, limits: limits, executor: executors[channel.eventLoop],
            remoteAddress: channel.remoteAddress?.ipAddress ?? "", isSecure: tls != nil,
            certificate: try? channel.pipeline.syncOperations.nioSSL_peerCertificate()?.toDERBytes(),
            transfers: transfers, httpHandlers: NIOLoopBound(upgradable, eventLoop: channel.eventLoop))
    }
}

/// Closes a connection on which something went wrong that no other handler took care of.
private final class ConnectionErrorHandler: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.debug("connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }
}
