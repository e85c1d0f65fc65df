import JSON
import NIOCore
import NIOHTTP1
import Synchronization

/// An open watch on a connection of its own, read as fast as it comes.
final class Watch: Sendable {
    /// One line of the stream.
    struct Event: Sendable, CustomStringConvertible {
        let type: String
        let object: JSONValue

        init(_ line: JSONValue) {
            type = line["type"]?.stringValue ?? ""
            object = line["object"] ?? .null
        }

        var name: String { object.text(at: "metadata.name") ?? "" }
        var version: Int64 { object.version }
        /// `ADDED a`.
        var description: String { name.isEmpty ? type : "\(type) \(name)" }
    }

    /// An answer that is no stream.
    struct Refused: Error, CustomStringConvertible {
        let status: UInt
        let body: String
        var description: String { "watch refused: \(status) \(body)" }
    }

    private let inbox = Inbox()
    private let channel: any Channel

    /// Returns when the headers are there.
    /// - Throws: `Refused` for every status but 200.
    init(_ server: WeirProcess, _ path: String, headers: [(String, String)] = []) async throws {
        let inbox = inbox
        channel = try await RawConnection.open(server) {
            [HTTPRequestEncoder(), ByteToMessageHandler(HTTPResponseDecoder()), Receiver(inbox: inbox)]
        }
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: path)
        head.headers = ["Host": "localhost", "Authorization": "Bearer \(try server.token())"]
        head.headers.add(contentsOf: headers)
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        try await channel.writeAndFlush(HTTPClientRequestPart.end(nil)).get()
        try await eventually("the headers of \(path) come") { inbox.state.withLock { $0.status } != nil || hasEnded }
        let status = inbox.state.withLock { $0.status }
        guard let status, status.code != 200 else { return }
        try await eventually("the body of the refusal comes") { hasEnded }
        throw Refused(status: status.code, body: inbox.state.withLock { String(decoding: $0.pending, as: UTF8.self) })
    }

    deinit { Task { [channel] in await RawConnection.cut(channel) } }

    /// What came so far.
    var events: [Event] { inbox.state.withLock { $0.events } }
    /// Those after the first `count`.
    func events(after count: Int) -> [Event] { inbox.state.withLock { Array($0.events.dropFirst(count)) } }
    var hasEnded: Bool { inbox.state.withLock { $0.end != nil } }
    /// Whether the server ended the stream, rather than that the connection broke off.
    var hasEndedCleanly: Bool { inbox.state.withLock { $0.end == .clean } }

    /// Waits for so many events.
    func first(_ count: Int) async throws -> [Event] {
        try await eventually("\(count) events come; came: \(events.suffix(10))") {
            inbox.state.withLock { $0.events.count >= count || $0.end != nil }
        }
        return Array(events.prefix(count))
    }

    /// Waits until the server ends the stream.
    /// - Returns: all that came.
    /// - Throws: where it breaks off instead.
    @discardableResult
    func end() async throws -> [Event] {
        try await eventually("the watch ends") { hasEnded }
        guard hasEndedCleanly else { throw TestFailure("the watch breaks off") }
        return events
    }

    /// Cuts the connection without a goodbye.
    func cut() async { await RawConnection.cut(channel) }

    /// Closes the connection as TLS wants it.
    /// - Throws: where the server does not answer the goodbye.
    func leave() async throws {
        channel.close(promise: nil)
        do {
            try await eventually("the server answers the goodbye", within: .seconds(15)) { !channel.isActive }
        } catch {
            await cut()
            throw error
        }
    }

    private final class Inbox: Sendable {
        enum End { case clean, broken }
        struct State {
            var status: HTTPResponseStatus?
            var events: [Event] = []
            /// The beginning of a line.
            var pending: [UInt8] = []
            var end: End?
        }
        let state = Mutex(State())
    }

    private final class Receiver: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart
        private let inbox: Inbox

        init(inbox: Inbox) { self.inbox = inbox }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): inbox.state.withLock { $0.status = head.status }
            case .body(let buffer): take(buffer)
            case .end: inbox.state.withLock { $0.end = .clean }
            }
        }

        private func take(_ buffer: ByteBuffer) {
            inbox.state.withLock { state in
                state.pending += buffer.readableBytesView
                guard state.status == .ok, let last = state.pending.lastIndex(of: UInt8(ascii: "\n")) else { return }
                for line in state.pending[..<last].split(separator: UInt8(ascii: "\n")) {
                    state.events.append(Event((try? JSONValue.parse(Array(line))) ?? .null))
                }
                state.pending.removeSubrange(...last)
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            inbox.state.withLock { $0.end = $0.end ?? .broken }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
