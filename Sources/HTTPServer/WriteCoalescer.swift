import NIOCore

/// Joins short writes up to the next flush, in front of TLS: each write would become a record of its own.
///
/// An answer is a head and a body, an event of a watch is three pieces. A record costs more than copying a few
/// kilobytes.
final class WriteCoalescer: ChannelDuplexHandler {
    typealias InboundIn = NIOAny
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes that are joined: two records at most.
    private static let limit = 32 * 1024

    private var pending: (bytes: ByteBuffer, promise: EventLoopPromise<Void>?)?

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let bytes = unwrapOutboundIn(data)
        guard let present = pending else {
            pending = (bytes, promise)
            return
        }
        guard present.bytes.readableBytes + bytes.readableBytes <= Self.limit else {
            forward(context)
            pending = (bytes, promise)
            return
        }
        // Taken out, so that there is no second owner and no copy.
        pending = nil
        var joined = present.bytes
        joined.writeImmutableBuffer(bytes)
        if let promise, let first = present.promise { first.futureResult.cascade(to: promise) }
        pending = (joined, present.promise ?? promise)
    }

    func flush(context: ChannelHandlerContext) {
        forward(context)
        context.flush()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        // What was not flushed is not sent, and whoever wrote it gets to know.
        if mode != .input { drop() }
        context.close(mode: mode, promise: promise)
    }

    func handlerRemoved(context: ChannelHandlerContext) { drop() }

    private func drop() {
        let promise = pending?.promise
        pending = nil
        promise?.fail(ChannelError.ioOnClosedChannel)
    }

    private func forward(_ context: ChannelHandlerContext) {
        guard let (bytes, promise) = pending else { return }
        pending = nil
        context.write(wrapOutboundOut(bytes), promise: promise)
    }
}
