import NIOCore

/// Stands before the handlers of HTTP/1.1 and sees what the one for pipelining keeps to itself until an answer is
/// complete, which a watch never is: that the server shuts down, and that the client says goodbye.
final class GoodbyeHandler: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    private let requests: RequestHandler
    private var context: ChannelHandlerContext?
    private var isWatching = false
    /// What came during the present answer: requests that have to wait.
    private var pieces = 0

    /// A client that sends so much while it is being answered is not listened to until the answer is complete.
    private static let maximumPieces = 16

    init(_ requests: RequestHandler) { self.requests = requests }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// An answer without end begins: from now on the connection is read, because the end of TLS has to be.
    func start() {
        isWatching = true
        pieces = 0
        context?.read()
    }

    func stop() { isWatching = false }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        pieces += 1
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        if isWatching && pieces < Self.maximumPieces { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { requests.quiesce() }
        context.fireUserInboundEventTriggered(event)
    }
}
