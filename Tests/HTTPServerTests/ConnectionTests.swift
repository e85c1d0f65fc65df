import APIServer
import Foundation
import HTTPServer
import NIOCore
import Testing

@Suite("A connection of HTTP/1.1")
struct ConnectionTests {
    /// Says what was asked, with the size of the body.
    private static let echo: HTTPListener.Responder = { request in
        do {
            let body = try await request.body.collect(upTo: 1 << 20)
            return .text(200, "\(request.method) \(request.path)?\(request.query) \(body.count)\n")
        } catch BodyReader.Failure.tooLarge {
            return .text(413, "too large\n")
        } catch {
            return .text(400, "incomplete\n")
        }
    }

    private static func occurrences(of text: String, in whole: String) -> Int {
        whole.components(separatedBy: text).count - 1
    }

    /// Sends until it cannot.
    private static func flood(_ client: RawClient) async {
        while !client.isClosed { try? await client.send(String(repeating: "x", count: 10_000)) }
    }

    @Test("Requests sent at once are answered in order, on one connection")
    func pipelining() async throws {
        try await withListener(respond: Self.echo) { listener in
            let client = try await RawClient(port: listener.port)
            try await client.send(
                "GET /a?x=1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
                    + "GET /c HTTP/1.1\r\nHost: h\r\n\r\n")
            try await client.wait("three answers") { $0.received.contains("GET /c? 0\n") }
            let text = client.received
            let positions = ["GET /a?x=1 0\n", "POST /b? 3\n", "GET /c? 0\n"].compactMap {
                text.range(of: $0)?.lowerBound
            }
            #expect(positions.count == 3 && positions == positions.sorted())
            #expect(Self.occurrences(of: "Date: ", in: text) == 3)
            #expect(!client.isClosed)
        }
    }

    @Test(
        "A connection ends after the answer where the client wants that",
        arguments: [
            "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: nothing\r\n\r\n",
        ])
    func closing(_ request: String) async throws {
        try await withListener(respond: Self.echo) { listener in
            let client = try await RawClient(port: listener.port)
            try await client.send(request)
            try await client.wait("the end") { $0.isClosed }
            #expect(client.received.contains("GET /? 0\n"))
            #expect(client.received.contains("Connection: close\r\n"))
        }
    }

    @Test("The end of a connection cuts nothing off an answer, however slowly the client reads")
    func closingAfterMuch() async throws {
        let size = 20_000_000
        try await withListener { request in
            ServerResponse(
                status: 200, body: .bytes([UInt8](repeating: 65, count: request.path == "/a" ? size : 200_000)))
        } _: { listener in
            for (path, length) in [("/a", size), ("/b", 200_000)] {
                let client = try await RawClient(port: listener.port, reads: false)
                try await client.send("GET \(path) HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                try await client.read()
                try await client.wait("the end") { $0.isClosed }
                #expect(client.received.hasSuffix("\r\n\r\n" + String(repeating: "A", count: length)))
            }
        }
    }

    @Test("A client that asks may go on only when somebody wants its body")
    func expectation() async throws {
        try await withListener { request in
            request.path == "/no" ? .text(403, "no\n") : await Self.echo(request)
        } _: { listener in
            let client = try await RawClient(port: listener.port)
            let head = "HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
            try await client.send("PUT /yes \(head)")
            try await client.wait("100") { $0.received.contains("HTTP/1.1 100 Continue\r\n\r\n") }
            try await client.send("body")
            try await client.wait("the answer") { $0.received.contains("PUT /yes? 4\n") }
            #expect(Self.occurrences(of: " 100 ", in: client.received) == 1)
            let refused = try await RawClient(port: listener.port)
            try await refused.send("PUT /no \(head)")
            try await refused.wait("the refusal") { $0.received.contains("no\n") }
            #expect(!refused.received.contains(" 100 "))
        }
    }

    @Test("A body that nobody wants is read to its end, and the connection goes on")
    func unwanted() async throws {
        try await withListener(respond: { _ in .text(401, "who?\n") }) { listener in
            let client = try await RawClient(port: listener.port)
            try await client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n")
            try await client.wait("the answer") { $0.received.contains("who?\n") }
            try await client.send(String(repeating: "x", count: 1_000_000) + "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            try await client.wait("the next answer") { Self.occurrences(of: "who?\n", in: $0.received) == 2 }
        }
    }

    @Test("However long a body is that nobody wants, it is read for a while, and then the connection ends")
    func flood() async throws {
        var limits = ConnectionLimits()
        limits.discardTimeout = .milliseconds(300)
        try await withListener(limits: limits, respond: { _ in .text(401, "who?\n") }) { listener in
            let client = try await RawClient(port: listener.port)
            try await client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000000\r\n\r\n")
            try await client.wait("the answer") { $0.received.contains("who?\n") }
            // A client that never ends is not waited for, whatever it goes on sending.
            async let flood: Void = Self.flood(client)
            try await client.wait("the end") { $0.isClosed }
            await flood
        }
    }

    @Test("A client that wants the connection closed gets to send its body, so that it sees the answer")
    func unwantedAndClosed() async throws {
        try await withListener(respond: { _ in .text(401, "who?\n") }) { listener in
            let client = try await RawClient(port: listener.port)
            try await client.send("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 20000000\r\n\r\n")
            try await client.wait("the answer") { $0.received.contains("who?\n") }
            try await client.send(String(repeating: "x", count: 19_000_000))
            try await client.send(String(repeating: "x", count: 1_000_000))
            try await client.wait("the end") { $0.isClosed }
        }
    }

    @Test("A source waits for a client that does not read, and goes on when it does")
    func slowReader() async throws {
        let written = Shared(0)
        let total = 400
        try await withListener { _ in
            ServerResponse(
                status: 200,
                body: .stream { writer in
                    for _ in 0..<total {
                        try await writer.write([UInt8](repeating: 65, count: 100_000))
                        written.value += 1
                    }
                })
        } _: { listener in
            let client = try await RawClient(port: listener.port, reads: false)
            try await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            // It comes to rest with what fits into the buffers of both sides.
            var last = -1
            try await eventually("the source waits") {
                let now = written.value
                defer { last = now }
                return now > 0 && now == last
            }
            #expect(written.value < total)
            try await client.read()
            try await client.wait("everything") { $0.count >= total * 100_000 }
        }
    }

    @Test("A client that never reads is let go, over HTTP and in a WebSocket", arguments: [false, true])
    func neverReads(_ isWebSocket: Bool) async throws {
        var limits = ConnectionLimits()
        limits.writeTimeout = .milliseconds(50)
        let isStopped = Shared(false)
        let flood: @Sendable (any BodyWriter) async throws -> Void = { writer in
            do { while true { try await writer.write([UInt8](repeating: 65, count: 100_000)) } } catch {
                isStopped.value = true
                throw error
            }
        }
        try await withListener(limits: limits) { _ in
            isWebSocket
                ? ServerResponse(status: 101, body: .webSocket(WebSocketSource(isBinary: false, write: flood)))
                : ServerResponse(status: 200, body: .stream(flood))
        } _: { listener in
            let client = try await RawClient(port: listener.port, reads: false)
            let upgrade =
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            try await client.send("GET / HTTP/1.1\r\nHost: h\r\n\(isWebSocket ? upgrade : "")\r\n")
            try await eventually("the source is stopped") { isStopped.value }
            await client.close()
        }
    }

    @Test("Whoever writes for a client that left is stopped")
    func abandoned() async throws {
        let isStopped = Shared(false)
        try await withListener { _ in
            ServerResponse(
                status: 200,
                body: .stream { writer in
                    try await writer.write([65])
                    do { try await Task.sleep(for: .seconds(3600)) } catch {
                        isStopped.value = true
                        throw error
                    }
                })
        } _: { listener in
            let client = try await RawClient(port: listener.port)
            try await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            try await client.wait("the first byte") { $0.received.contains("\r\n1\r\nA\r\n") }
            await client.close()
            try await eventually("the source is stopped") { isStopped.value }
        }
    }

    @Test("A stream that fails is broken off, so that nobody takes it for whole")
    func broken() async throws {
        struct Failure: Error {}
        try await withListener { _ in
            ServerResponse(
                status: 200,
                body: .stream { writer in
                    try await writer.write([65])
                    throw Failure()
                })
        } _: { listener in
            let client = try await RawClient(port: listener.port)
            try await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            try await client.wait("the end") { $0.isClosed }
            #expect(client.received.contains("\r\n1\r\nA\r\n"))
            #expect(!client.received.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test(
        "Who keeps the server waiting is let go",
        arguments: [
            "", "GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab",
            "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        ])
    func timeouts(_ text: String) async throws {
        var limits = ConnectionLimits()
        limits.handshakeTimeout = .milliseconds(50)
        limits.bodyTimeout = .milliseconds(50)
        limits.idleTimeout = .milliseconds(50)
        try await withListener(limits: limits, respond: Self.echo) { listener in
            let client = try await RawClient(port: listener.port)
            // It may be let go before it has said a word.
            if !text.isEmpty { try? await client.send(text) }
            try await client.wait("the end") { $0.isClosed }
        }
    }

    @Test("Shutdown ends a stream whole")
    func streamAtShutdown() async throws {
        try await withListener { _ in
            ServerResponse(
                status: 200,
                body: .stream { writer in
                    try await writer.write([65])
                    try await Task.sleep(for: .seconds(3600))
                })
        } _: { listener in
            let client = try await RawClient(port: listener.port)
            try await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            try await client.wait("an event") { $0.received.contains("\r\n1\r\nA\r\n") }
            await listener.shutdown()
            try await client.wait("the end") { $0.isClosed }
            #expect(client.received.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test("Shutdown lets a request that is under way be answered")
    func requestAtShutdown() async throws {
        let isBegun = Shared(false)
        let isReleased = Shared(false)
        try await withListener { _ in
            isBegun.value = true
            while !isReleased.value { try? await Task.sleep(for: .milliseconds(1)) }
            return .text(200, "done\n")
        } _: { listener in
            let client = try await RawClient(port: listener.port)
            try await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            try await eventually("the request is under way") { isBegun.value }
            await listener.shutdown()
            isReleased.value = true
            try await client.wait("the end") { $0.isClosed }
            #expect(client.received.hasSuffix("done\n"))
        }
    }

    @Test(
        "Shutdown waits for nobody who has nothing to ask",
        arguments: ["", "GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab"])
    func idleAtShutdown(_ text: String) async throws {
        var limits = ConnectionLimits()
        limits.lastBodyTimeout = .milliseconds(50)
        try await withListener(limits: limits, respond: Self.echo) { listener in
            let client = try await RawClient(port: listener.port)
            if !text.isEmpty { try await client.send(text) }
            // A connection that was answered is known to the server.
            let other = try await RawClient(port: listener.port)
            try await other.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            try await other.wait("an answer") { $0.received.contains("GET /? 0") }
            await listener.shutdown()
            try await client.wait("the end") { $0.isClosed }
            try await other.wait("the end of the other") { $0.isClosed }
        }
    }
}
