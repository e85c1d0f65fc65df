import APIServer
import HTTPTypes
import NIOCore
import NIOHTTP1

/// Sends the answer of one exchange, at the pace of its client.
struct Answer: Sendable {
    private let exchange: NIOLoopBound<Exchange>
    private let loop: any EventLoop
    let gate: WritabilityGate
    /// Only the head is wanted.
    private let isHead: Bool
    let transfers: FileTransfers

    init(
        _ exchange: NIOLoopBound<Exchange>, loop: any EventLoop, gate: WritabilityGate, isHead: Bool,
        transfers: FileTransfers
    ) {
        self.exchange = exchange
        self.loop = loop
        self.gate = gate
        self.isHead = isHead
        self.transfers = transfers
    }

    /// Bytes that are handed to the connection in one piece.
    private static let pieceSize = 128 * 1024

    func send(_ response: ServerResponse) async {
        do {
            if isHead, let length = response.body.length {
                try await onLoop { exchange in
                    exchange.handler.write(.head(Self.head(response, exchange, length: length)), flush: false)
                    exchange.handler.complete(exchange)
                }
                return
            }
            switch response.body {
            case .bytes(let bytes): try await send(response, [bytes[...]])
            case .pieces(let pieces): try await send(response, pieces)
            case .parts(let parts): try await send(response, parts)
            case .stream(let source):
                try await onLoop { exchange in
                    exchange.handler.write(.head(Self.head(response, exchange, length: nil)), flush: false)
                    exchange.run { await stream(source) }
                    exchange.handler.beginStream()
                }
            case .webSocket(let source): try await upgrade(response, source)
            }
        } catch {
            try? await onLoop { $0.handler.breakOff($0) }
        }
    }

    /// Sends a complete body: a short one at once, a long one as fast as the client reads.
    private func send(_ response: ServerResponse, _ pieces: [ArraySlice<UInt8>]) async throws {
        let length = pieces.reduce(0) { $0 + $1.count }
        var buffer = ByteBuffer()
        if length > 0 { buffer.reserveCapacity(min(length, Self.pieceSize)) }
        var hasBegun = false
        for piece in pieces {
            var rest = piece
            while buffer.readableBytes + rest.count > Self.pieceSize {
                let part = rest.prefix(Self.pieceSize - buffer.readableBytes)
                buffer.writeBytes(part)
                rest = rest.dropFirst(part.count)
                if !hasBegun {
                    try await onLoop { $0.handler.write(.head(Self.head(response, $0, length: length)), flush: false) }
                    hasBegun = true
                }
                try await write(buffer)
                buffer = ByteBufferAllocator().buffer(capacity: Self.pieceSize)
            }
            buffer.writeBytes(rest)
        }
        let (last, needsHead) = (buffer, !hasBegun)
        try await onLoop { exchange in
            if needsHead { exchange.handler.write(.head(Self.head(response, exchange, length: length)), flush: false) }
            if last.readableBytes > 0 { exchange.handler.write(.body(.byteBuffer(last)), flush: false) }
            exchange.handler.complete(exchange)
        }
    }

    /// Sends a body that has no end of its own.
    private func stream(_ source: @Sendable (any BodyWriter) async throws -> Void) async {
        let isWhole: Bool
        do {
            try await source(StreamWriter(answer: self))
            isWhole = true
        } catch {
            isWhole = false
        }
        try? await onLoop { exchange in
            // Shutdown ends a stream where it is, which is between two events; everything else breaks it off.
            if isWhole || exchange.isEnding {
                exchange.handler.complete(exchange)
            } else {
                exchange.handler.breakOff(exchange)
            }
        }
    }

    private func upgrade(_ response: ServerResponse, _ source: WebSocketSource) async throws {
        let (request, channel) = try await onLoop { ($0.upgrade, $0.handler.channel) }
        guard let request, let channel, var headers = try? await WebSocketHandler.acceptance(of: request, on: channel)
        else {
            await send(.text(400, "Bad Request: not a WebSocket handshake\n"))
            return
        }
        for field in response.headers { headers.add(name: field.name.rawName, value: field.value) }
        let head = HTTPResponseHead(version: request.version, status: .switchingProtocols, headers: headers)
        try await onLoop { exchange in
            let socket = WebSocketHandler()
            try exchange.handler.handOver(exchange, head, to: WebSocketHandler.framing + [socket])
            let writer = WebSocketWriter(
                handler: NIOLoopBound(socket, eventLoop: loop), loop: loop, gate: socket.gate,
                isBinary: source.isBinary, timeout: exchange.handler.connection.limits.writeTimeout)
            socket.run(Task(executorPreference: exchange.handler.connection.executor) { await writer.run(source) })
        }
    }

    /// Writes a piece of the body and waits until there is room for more.
    /// - Parameter flush: false where more follows at once.
    func write(_ piece: ByteBuffer, flush: Bool = true) async throws {
        let mustWait = try await onLoop { exchange in
            exchange.handler.write(.body(.byteBuffer(piece)), flush: flush)
            let isBlocked = exchange.handler.isBlocked()
            // Nobody waits for what was not sent.
            if isBlocked && !flush { exchange.handler.flush() }
            return isBlocked
        }
        if mustWait { try await gate.wait() }
    }

    /// Requests run on the loop of their connection, so that this hardly ever changes threads.
    func onLoop<Result: Sendable>(
        _ body: @escaping @Sendable (Exchange) throws -> Result
    ) async throws -> Result {
        if loop.inEventLoop { return try body(exchange.value) }
        return try await loop.submit { try body(exchange.value) }.get()
    }

    // MARK: The head

    static func head(_ response: ServerResponse, _ exchange: Exchange, length: Int?) -> HTTPResponseHead {
        var headers = HTTPHeaders()
        headers.reserveCapacity(response.headers.count + 3)
        for field in response.headers { headers.add(name: field.name.rawName, value: field.value) }
        if let length, response.headers[.contentLength] == nil {
            headers.add(name: "Content-Length", value: String(length))
        }
        headers.add(name: "Date", value: HTTPDate.now)
        if exchange.closesConnection { headers.add(name: "Connection", value: "close") }
        return HTTPResponseHead(
            version: exchange.version, status: HTTPResponseStatus(statusCode: response.status), headers: headers)
    }
}

/// Writes a streamed body.
private struct StreamWriter: BodyWriter {
    let answer: Answer

    func write(_ bytes: [UInt8]) async throws {
        try await answer.write(ByteBuffer(bytes: bytes))
        try Task.checkCancellation()
    }
}
