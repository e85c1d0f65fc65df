import APIServer
import HTTPTypes
import NIOCore
import NIOHTTP1

/// The last handler of an HTTP/1.1 connection or of one stream of HTTP/2: requests go to the server, answers come back,
/// one after the other.
///
/// Everything here happens on the connection's event loop. The request itself runs as a task that prefers this loop.
final class RequestHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// What all requests of a connection share.
    struct Connection: Sendable {
        let respond: HTTPListener.Responder
        let limits: ConnectionLimits
        let executor: EventLoopExecutor
        let remoteAddress: String
        let isSecure: Bool
        /// The verified certificate of the client, in DER form.
        let certificate: [UInt8]?
        let transfers: FileTransfers
        /// The handlers that speak HTTP/1.1, from the socket on: a WebSocket takes their place. None in HTTP/2.
        let httpHandlers: NIOLoopBound<[any RemovableChannelHandler]>
    }

    let connection: Connection
    /// On HTTP/1.1: looks out for the client's end while an answer lasts.
    weak var goodbyes: GoodbyeHandler?
    private var context: ChannelHandlerContext?
    private var exchange: Exchange?
    /// Reading was asked for, but enough is waiting to be read.
    private var wantsToRead = false
    private var isQuiescing = false
    /// Bytes of the present request's body since its client was last given time.
    private var progress = 0
    /// Pieces of files that the system has not taken yet.
    private var unsent = 0
    let gate = WritabilityGate()
    private var deadline: ConnectionDeadline

    init(_ connection: Connection) {
        self.connection = connection
        deadline = ConnectionDeadline(
            phase: .request(since: .now(), isFirst: true), limits: connection.limits)
    }

    var channel: (any Channel)? { context?.channel }

    // MARK: The connection's life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { scheduleDeadline(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        scheduleDeadline(context)
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        deadline.cancel()
        end()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline.cancel()
        end()
        context.fireChannelInactive()
    }

    /// The client is gone: whoever works for it stops.
    private func end() {
        exchange?.abandon()
        exchange = nil
        gate.fail()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? HTTPParserError, error != .invalidEOFState, exchange == nil, !isQuiescing,
            context.channel.isActive
        {
            refuse(error == .headerOverflow ? .requestHeaderFieldsTooLarge : .badRequest, context)
        } else {
            context.close(promise: nil)
        }
    }

    /// Answers what is no request. Nothing that follows on this connection can be understood.
    private func refuse(_ status: HTTPResponseStatus, _ context: ChannelHandlerContext) {
        let headers: HTTPHeaders = ["Connection": "close", "Content-Length": "0"]
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))),
            promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { quiesce() }
        context.fireUserInboundEventTriggered(event)
    }

    /// The server shuts down: the present request is answered, unless the client takes its time to send it.
    func quiesce() {
        guard !isQuiescing, let context else { return }
        isQuiescing = true
        guard let exchange else { return }
        exchange.endStream()
        if exchange.isReceived { return }
        let bound = NIOLoopBound((self, exchange), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: exchange.isAnswered ? .zero : connection.limits.lastBodyTimeout) {
            let (handler, exchange) = bound.value
            if handler.exchange === exchange && !exchange.isReceived { handler.context?.close(promise: nil) }
        }
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let chunk): receive(chunk, context)
        case .end: endRequest(context)
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        progress = 0
        deadline.phase = .body(since: .now())
        if let status = head.refusal { return refuse(status, context) }
        let exchange = Exchange(head, self, context.eventLoop)
        self.exchange = exchange
        exchange.start(head)
        if isQuiescing { exchange.endStream() }
    }

    private func receive(_ chunk: ByteBuffer, _ context: ChannelHandlerContext) {
        guard let exchange, !exchange.isAnswered else { return }
        progress += chunk.readableBytes
        if progress >= connection.limits.bodyProgress {
            progress = 0
            deadline.phase = .body(since: .now())
        }
        exchange.body.receive(chunk)
    }

    private func endRequest(_ context: ChannelHandlerContext) {
        deadline.phase = .answer
        guard let exchange else { return }
        exchange.isReceived = true
        exchange.body.complete()
        if exchange.isAnswered {
            forget(exchange)
            if exchange.closesConnection { return context.close(promise: nil) }
            resumeReading()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        scheduleDeadline(context)
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if let exchange, !exchange.isAnswered, !exchange.body.hasRoom {
            wantsToRead = true
        } else if !context.channel.isWritable {
            // A client that does not read its answers is not asked for more requests.
            wantsToRead = true
        } else {
            context.read()
        }
    }

    func resumeReading() {
        guard wantsToRead, let context else { return }
        wantsToRead = false
        read(context: context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            gate.open()
            resumeReading()
        }
        context.fireChannelWritabilityChanged()
    }

    // MARK: Answers

    /// Writes a part of the present answer.
    func write(_ part: HTTPServerResponsePart, flush: Bool) {
        guard let context else { return }
        context.write(wrapOutboundOut(part), promise: nil)
        if flush { context.flush() }
    }

    func flush() { context?.flush() }

    /// Tells a client that asked for it to send its body, which it may take its time for from now on.
    func proceed(_ version: HTTPVersion) {
        write(.head(HTTPResponseHead(version: version, status: .continue)), flush: true)
        if case .body = deadline.phase { deadline.phase = .body(since: .now()) }
    }

    /// Writes a piece of a file.
    func send(_ piece: ByteBuffer) {
        guard let context else { return }
        unsent += 1
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(piece)))).assumeIsolated().whenComplete { _ in
            self.unsent -= 1
            if self.unsent == 0 { self.gate.open() }
        }
    }

    /// The present answer has no end of its own.
    func beginStream() {
        exchange?.isStreaming = true
        goodbyes?.start()
    }

    /// Ends the answer: the next request may come.
    func complete(_ exchange: Exchange) {
        guard let context, self.exchange === exchange else { return }
        exchange.isAnswered = true
        goodbyes?.stop()
        // The next request may be here already, and comes while the end is written.
        if exchange.isReceived { forget(exchange) }
        let written = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        if exchange.isReceived ? exchange.closesConnection : isQuiescing {
            // Not before the client has all of it.
            let channel = context.channel
            written.whenComplete { _ in channel.close(promise: nil) }
        } else {
            // A body that nobody wanted is read and dropped, so that the client gets to read its answer.
            if !exchange.isReceived { deadline.phase = .discard(since: .now()) }
            resumeReading()
        }
        scheduleDeadline(context, isBlocked: !context.channel.isWritable, isSooner: !exchange.isReceived)
    }

    private func forget(_ exchange: Exchange) {
        self.exchange = nil
        deadline.phase = .request(since: .now(), isFirst: false)
    }

    /// Breaks an answer off: the client must not take it for whole.
    func breakOff(_ exchange: Exchange) {
        guard let context, self.exchange === exchange else { return }
        context.close(promise: nil)
    }

    /// Lets a WebSocket have the connection.
    func handOver(_ exchange: Exchange, _ head: HTTPResponseHead, to handlers: [any ChannelHandler]) throws {
        guard let context, self.exchange === exchange else { throw ChannelError.ioOnClosedChannel }
        let pipeline = context.pipeline.syncOperations
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        self.exchange = nil
        deadline.cancel()
        try pipeline.addHandlers(handlers)
        // From the back: the first of them holds what was read beyond the request, and hands it on when it goes.
        pipeline.removeHandler(self, promise: nil)
        for handler in connection.httpHandlers.value.reversed() { pipeline.removeHandler(handler, promise: nil) }
    }

    // MARK: Time

    /// Sees to it that somebody looks at the clock, if the present phase may not last for ever.
    /// - Parameter isSooner: it may end before the one that the clock was set for.
    private func scheduleDeadline(
        _ context: ChannelHandlerContext, isBlocked: Bool = false, isSooner: Bool = false
    ) {
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        deadline.schedule(on: context.eventLoop, isBlocked: isBlocked, isSooner: isSooner) {
            bound.value.checkDeadline()
        }
    }

    /// It is the server that lets the body wait: nobody has asked for it yet, or enough of it is here.
    private var isHeldBack: Bool {
        guard let exchange, !exchange.isAnswered else { return false }
        return !exchange.body.hasRoom || exchange.waitsToProceed
    }

    private func checkDeadline() {
        guard let context else { return }
        deadline.fired()
        if case .body = deadline.phase, isHeldBack { deadline.phase = .body(since: .now()) }
        if deadline.hasPassed(blockedSince: gate.blockedSince) {
            context.close(promise: nil)
        } else {
            scheduleDeadline(context, isBlocked: gate.blockedSince != nil)
        }
    }

    /// Whether a writer must wait for the client; looks after the time it may take.
    func isBlocked() -> Bool {
        guard let context, !context.channel.isWritable else { return false }
        scheduleDeadline(context, isBlocked: true)
        return true
    }

    /// The same for whoever sends a file, and has the next piece in memory only when the last one has left it.
    func isSending() -> Bool {
        guard let context, unsent > 0 else { return false }
        scheduleDeadline(context, isBlocked: true)
        return true
    }
}
