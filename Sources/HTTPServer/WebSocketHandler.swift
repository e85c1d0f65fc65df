import APIServer
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// One WebSocket (RFC 6455): sends messages, answers pings and the client's close, ignores what else it says.
final class WebSocketHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    let gate = WritabilityGate()
    private var context: ChannelHandlerContext?
    private var task: Task<Void, Never>?
    private var hasSentClose = false
    /// How long the client may take to answer a close.
    private static let closeTimeout = TimeAmount.seconds(5)
    /// The longest message a client may send: there is nothing to say.
    private static let maximumFrame = 1 << 16

    /// The handlers of the protocol that come before this one.
    static var framing: [any ChannelHandler] {
        [
            WebSocketFrameEncoder(), ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: maximumFrame)),
            WebSocketProtocolErrorHandler(),
        ]
    }

    /// The headers that accept a client's handshake.
    /// - Throws: where the handshake is not one of RFC 6455, 4.2.1.
    static func acceptance(of head: HTTPRequestHead, on channel: any Channel) async throws -> HTTPHeaders {
        try await NIOTypedWebSocketServerUpgrader<Void>(
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
            upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() }
        ).buildUpgradeResponse(channel: channel, upgradeRequest: head, initialResponseHeaders: [:]).get()
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    private func end() {
        context = nil
        task?.cancel()
        gate.fail()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { gate.open() }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { task?.cancel() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .ping:
            // Who does not read gets no more to read; the last ping is the only one that has to be answered.
            if !isBlocked { send(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)) }
        case .connectionClose:
            if hasSentClose {
                context.close(promise: nil)
            } else {
                close(.normalClosure)
            }
        default:
            break
        }
    }

    // MARK: What the source does

    /// The task that writes the messages; it ends with the socket.
    func run(_ task: Task<Void, Never>) {
        self.task = task
        if context == nil { task.cancel() }
    }

    func send(_ frame: WebSocketFrame) {
        context?.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }

    /// Whether the client has more to read than fits into its buffers.
    private var isBlocked: Bool { context.map { !$0.channel.isWritable } ?? false }

    /// When a client that does not read is given up; nil where there is nothing to wait for.
    func deadline(_ timeout: TimeAmount) -> Scheduled<Void>? {
        guard isBlocked, let context else { return nil }
        let channel = context.channel
        return context.eventLoop.scheduleTask(in: timeout) { channel.close(promise: nil) }
    }

    var isClosed: Bool { context == nil || hasSentClose }

    /// Says that there is nothing more to come, and closes the connection when the client has understood.
    func close(_ code: WebSocketErrorCode) {
        guard let context, !hasSentClose else { return }
        hasSentClose = true
        task?.cancel()
        var data = context.channel.allocator.buffer(capacity: 2)
        data.write(webSocketErrorCode: code)
        send(WebSocketFrame(fin: true, opcode: .connectionClose, data: data))
        let channel = context.channel
        let deadline = context.eventLoop.scheduleTask(in: Self.closeTimeout) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in deadline.cancel() }
    }
}

/// Writes the messages of a socket; a task of its own, because the request it came from is over.
struct WebSocketWriter: BodyWriter {
    let handler: NIOLoopBound<WebSocketHandler>
    let loop: any EventLoop
    let gate: WritabilityGate
    let isBinary: Bool
    /// How long the client may leave messages unread when all buffers are full.
    let timeout: TimeAmount

    /// Sends one message. No bytes are no message.
    func write(_ bytes: [UInt8]) async throws {
        try Task.checkCancellation()
        guard !bytes.isEmpty else { return }
        let deadline = try await loop.submit {
            guard !handler.value.isClosed else { throw ChannelError.ioOnClosedChannel }
            handler.value.send(
                WebSocketFrame(fin: true, opcode: isBinary ? .binary : .text, data: ByteBuffer(bytes: bytes)))
            return handler.value.deadline(timeout)
        }.get()
        guard let deadline else { return }
        defer { deadline.cancel() }
        try await gate.wait()
    }

    /// Runs the source to its end and closes the socket.
    func run(_ source: WebSocketSource) async {
        let code: WebSocketErrorCode
        do {
            try await source.write(self)
            code = .normalClosure
        } catch is CancellationError {
            code = .goingAway
        } catch {
            code = .unexpectedServerError
        }
        _ = try? await loop.submit { handler.value.close(code) }.get()
    }
}
