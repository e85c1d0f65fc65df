import APIServer
import HTTPServer
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import RegistryTesting
import ServiceLifecycle
import Synchronization
import Testing

/// Runs `body` against a plain listener that answers by `respond`, and shuts it down gracefully.
func withListener(
    limits: ConnectionLimits = ConnectionLimits(), isSecure: Bool = false, respond: @escaping HTTPListener.Responder,
    _ body: @escaping @Sendable (RunningListener) async throws -> Void
) async throws {
    let (ports, opened) = AsyncStream<Int>.makeStream()
    var configuration = HTTPListener.Configuration(host: "127.0.0.1", port: 0, tls: nil)
    configuration.limits = limits
    if isSecure {
        let context = try serverContext()
        configuration.tls = { context }
    }
    let listener = HTTPListener(configuration, logger: Logger(label: "test"), respond: respond) { port in
        opened.yield(port)
    }
    var quiet = Logger(label: "test")
    quiet.logLevel = .critical
    let group = ServiceGroup(configuration: .init(services: [.init(service: listener)], logger: quiet))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        for await port in ports {
            do { try await body(RunningListener(port: port, group: group)) } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            break
        }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
    }
}

private func serverContext() throws -> NIOSSLContext {
    let certificate = try TestCertificate.shared.get()
    var tls = TLSConfiguration.makeServerConfiguration(
        certificateChain: try NIOSSLCertificate.fromPEMBytes(certificate.certificate).map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(bytes: certificate.key, format: .pem)))
    tls.applicationProtocols = ["h2", "http/1.1"]
    return try NIOSSLContext(configuration: tls)
}

/// A listener that takes connections.
struct RunningListener: Sendable {
    let port: Int
    let group: ServiceGroup

    func shutdown() async { await group.triggerGracefulShutdown() }
}

/// A plain connection on which a test sends any bytes it likes and reads when it likes.
final class RawClient: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var isClosed = false
    }

    private final class Receiver: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let state: SharedState

        init(_ state: SharedState) { self.state = state }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            state.value.withLock { $0.bytes += buffer.readableBytesView }
        }

        func channelInactive(context: ChannelHandlerContext) { state.value.withLock { $0.isClosed = true } }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private final class SharedState: Sendable { let value = Mutex(State()) }

    private let channel: any Channel
    private let state = SharedState()

    /// - Parameter reads: whether to take what comes at once.
    init(port: Int, reads: Bool = true) async throws {
        let state = state
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Receiver(state))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)).get() }

    func read() async throws { try await channel.setOption(.autoRead, value: true).get() }

    func close() async { try? await channel.close().get() }

    /// Sends a request and waits for its answer, which has a length.
    func exchange(_ request: String) async throws -> (head: String, body: [UInt8]) {
        let start = count
        try await send(request)
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let bytes = state.value.withLock { Array($0.bytes[start...]) }
            if let end = bytes.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound {
                let head = String(decoding: bytes[..<end], as: UTF8.self)
                let length = head.firstMatch(of: /Content-Length: ([0-9]+)/).flatMap { Int($0.1) } ?? 0
                if bytes.count >= end + length { return (head, Array(bytes[end...])) }
            }
            guard ContinuousClock.now < deadline, !isClosed else {
                throw TimeOut(description: "no answer to \(request)")
            }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    var received: String { state.value.withLock { String(decoding: $0.bytes, as: UTF8.self) } }
    var count: Int { state.value.withLock { $0.bytes.count } }
    var isClosed: Bool { state.value.withLock { $0.isClosed } }

    /// Waits until what was received fulfils a condition.
    func wait(
        _ what: String, _ condition: (RawClient) -> Bool, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await eventually(what, sourceLocation: sourceLocation) { condition(self) }
    }
}

struct TimeOut: Error, CustomStringConvertible {
    var description: String
}

/// Waits for a condition.
func eventually(
    _ what: String, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while !condition() {
        guard ContinuousClock.now < deadline else { throw TimeOut(description: "not in time: \(what)") }
        try await Task.sleep(for: .milliseconds(2))
    }
}

/// A value that a test and a server share.
final class Shared<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    init(_ value: Value) { state = Mutex(value) }

    var value: Value {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
