import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A TLS connection on which a test sends any bytes it likes.
final class RawConnection: Sendable {
    private let channel: any Channel
    private let inbox: Inbox

    /// - Parameter certificate: files of a client certificate and its key.
    init(_ server: WeirProcess, certificate: (chain: String, key: String)? = nil) async throws {
        let inbox = Inbox()
        self.inbox = inbox
        channel = try await Self.open(server, certificate: certificate) { [Receiver(inbox: inbox)] }
    }

    /// Connects, with handlers of the caller's behind TLS.
    static func open(
        _ server: WeirProcess, certificate: (chain: String, key: String)? = nil,
        handlers: @escaping @Sendable () -> [any ChannelHandler]
    ) async throws -> any Channel {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(server.authority))
        tls.applicationProtocols = ["http/1.1"]
        // A goodbye is waited for by those who want it, and no longer than they want.
        tls.shutdownTimeout = .minutes(10)
        if let certificate {
            tls.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate.chain).map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: certificate.key, format: .pem))
        }
        let context = try NIOSSLContext(configuration: tls)
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        [NIOSSLClientHandler(context: context, serverHostname: "localhost")] + handlers())
                }
            }
            .connect(host: "127.0.0.1", port: server.port).get()
    }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get() }

    /// All that came so far.
    var bytes: [UInt8] { inbox.state.withLock { $0.bytes } }
    /// All that came so far, as text.
    var received: String { String(decoding: inbox.state.withLock { $0.bytes }, as: UTF8.self) }
    var isClosed: Bool { inbox.state.withLock { $0.isClosed } }
    /// What went wrong on the connection, TLS alerts included.
    var failure: String? { inbox.state.withLock { $0.failure } }

    /// The first line of the answer.
    func statusLine(within limit: Duration = .seconds(20)) async throws -> String {
        try await eventually("an answer came", within: limit) { received.contains("\r\n") || isClosed }
        return received.components(separatedBy: "\r\n").first ?? ""
    }

    /// Takes nothing more: what comes stays in the buffers on the way, which are small and soon full.
    func stopReading() async throws {
        try await channel.setOption(.socketOption(.so_rcvbuf), value: 4_096).get()
        try await channel.setOption(.autoRead, value: false).get()
    }

    /// Cuts the connection without a goodbye.
    func drop() async { await Self.cut(channel) }

    /// Closes the socket below TLS, as a network does that breaks.
    static func cut(_ channel: any Channel) async {
        try? await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.context(handlerType: NIOSSLClientHandler.self).close(promise: nil)
        }.get()
        try? await channel.closeFuture.get()
    }

    private final class Inbox: Sendable {
        struct State {
            var bytes: [UInt8] = []
            var isClosed = false
            var failure: String?
        }
        let state = Mutex(State())
    }

    private final class Receiver: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let inbox: Inbox

        init(inbox: Inbox) { self.inbox = inbox }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            inbox.state.withLock { $0.bytes += buffer.readableBytesView }
        }

        func channelInactive(context: ChannelHandlerContext) { inbox.state.withLock { $0.isClosed = true } }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            inbox.state.withLock { $0.failure = "\(error)" }
            context.close(promise: nil)
        }
    }
}
