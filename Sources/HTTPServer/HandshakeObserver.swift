import NIOCore
import NIOTLS

/// Stands behind TLS until its handshake is over, and tells of handshakes that never are: the client spoke something
/// else, refused the certificate, took too long, or left.
final class HandshakeObserver: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let onFailure: @Sendable () -> Void
    private var isDone = false

    init(onFailure: @escaping @Sendable () -> Void) { self.onFailure = onFailure }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { isDone = true }
        // First the event: a handler that is gone hands nothing on.
        context.fireUserInboundEventTriggered(event)
        if isDone { context.pipeline.syncOperations.removeHandler(self, promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isDone { onFailure() }
        context.fireChannelInactive()
    }
}
