import APIServer
import HTTPTypes
import NIOCore
import NIOHTTP1

/// One request and its answer. Everything but the body belongs to the connection's event loop.
final class Exchange {
    let body: RequestBody
    /// The whole request has come.
    var isReceived = false
    /// The whole answer has been written.
    var isAnswered = false
    /// The connection carries no further request.
    let closesConnection: Bool
    /// Endless answers are to end, because the server shuts down.
    private(set) var isEnding = false

    let version: HTTPVersion
    /// The client wants the head of the answer only.
    let isHead: Bool
    /// Of a request for another protocol.
    let upgrade: HTTPRequestHead?
    let handler: RequestHandler
    private let loop: any EventLoop
    private let hasContinued: NIOLoopBoundBox<Bool>
    private var task: Task<Void, Never>?
    /// The client is gone.
    private var isAbandoned = false

    init(_ head: HTTPRequestHead, _ handler: RequestHandler, _ loop: any EventLoop) {
        version = head.version
        isHead = head.method == .HEAD
        upgrade = head.headers.contains(name: "upgrade") ? head : nil
        self.handler = handler
        self.loop = loop
        // The parser stops behind a request for another protocol, granted or not.
        closesConnection =
            head.version.major == 1
            && (!head.isKeepAlive || head.version.minor == 0 || upgrade != nil)
        let bound = NIOLoopBound(handler, eventLoop: loop)
        let expects = head.headers.first(name: "expect")?.lowercased() == "100-continue"
        let version = version
        let hasContinued = NIOLoopBoundBox(!expects, eventLoop: loop)
        self.hasContinued = hasContinued
        body = RequestBody(capacity: handler.connection.limits.bodyBuffer) {
            let resume: @Sendable () -> Void = {
                if !hasContinued.value {
                    hasContinued.value = true
                    bound.value.proceed(version)
                }
                bound.value.resumeReading()
            }
            if loop.inEventLoop { resume() } else { loop.execute(resume) }
        }
    }

    /// The client does not send its body before it is told to.
    var waitsToProceed: Bool { !hasContinued.value }

    /// Sends the request to the server.
    func start(_ head: HTTPRequestHead) {
        let connection = handler.connection
        let request = serverRequest(head, connection)
        let answer = Answer(
            NIOLoopBound(self, eventLoop: loop), loop: loop, gate: handler.gate, isHead: isHead,
            transfers: connection.transfers)
        run { await answer.send(await connection.respond(request)) }
    }

    /// Lets a task of its own work on the answer from now on; the present one is about to end.
    ///
    /// A task keeps the memory that its deepest calls needed until it ends. An endless answer needs little, and there may
    /// be thousands of them: the task that made it must not stay.
    func run(_ work: @escaping @Sendable () async -> Void) {
        let task = Task(executorPreference: handler.connection.executor) { await work() }
        self.task = task
        if isAbandoned { task.cancel() }
    }

    /// The client is gone.
    func abandon() {
        isAbandoned = true
        body.abandon()
        task?.cancel()
    }

    /// Ends an answer that would last for ever; one that has an end is let go on to it.
    func endStream() {
        isEnding = true
        if isStreaming { task?.cancel() }
    }

    /// The answer has no end of its own.
    var isStreaming = false {
        didSet { if isStreaming && isEnding { task?.cancel() } }
    }

    // MARK: Values

    private func serverRequest(_ head: HTTPRequestHead, _ connection: RequestHandler.Connection) -> ServerRequest {
        let target = head.originForm
        let mark = target.utf8.firstIndex(of: UInt8(ascii: "?"))
        let body = body
        let announced = announcedLength(head)
        let certificate = connection.certificate
        return ServerRequest(
            method: head.method.rawValue,
            path: mark.map { String(target[..<$0]) } ?? target,
            query: mark.map { String(target[target.utf8.index(after: $0)...]) } ?? "",
            headers: HTTPFields(head.headers),
            body: BodyReader(announcedLength: announced) { limit in
                guard announced ?? 0 <= limit else { throw BodyReader.Failure.tooLarge }
                return try await body.collect(upTo: limit)
            } next: { consume in
                try await body.next(consume)
            },
            clientCertificate: { certificate },
            remoteAddress: connection.remoteAddress, isSecure: connection.isSecure)
    }

    private func announcedLength(_ head: HTTPRequestHead) -> Int64? {
        if let length = head.headers.first(name: "content-length") { return Int64(length) }
        // HTTP/1.1 has no body without one of these two; HTTP/2 just ends.
        return head.version.major == 1 && !head.headers.contains(name: "transfer-encoding") ? 0 : nil
    }
}

extension HTTPFields {
    fileprivate init(_ headers: HTTPHeaders) {
        self.init()
        reserveCapacity(headers.count)
        for (name, value) in headers {
            // What is no name of a header has been refused by the parser.
            if let name = HTTPField.Name(name) { append(HTTPField(name: name, value: value)) }
        }
    }
}
