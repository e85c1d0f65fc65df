import APIServer
import AsyncHTTPClient
import Foundation
import HTTPServer
import NIOCore
import NIOSSL
import Testing

/// How a client comes to the server.
enum Transport: String, CaseIterable, Sendable {
    case plain, tls, http2

    var isSecure: Bool { self != .plain }

    func url(_ listener: RunningListener, _ path: String) -> String {
        "\(isSecure ? "https" : "http")://127.0.0.1:\(listener.port)\(path)"
    }

    /// Runs `body` with a listener and a client that speaks this to it.
    func run(
        respond: @escaping HTTPListener.Responder,
        _ body: @escaping @Sendable (HTTPClient, RunningListener) async throws -> Void
    ) async throws {
        var configuration = HTTPClient.Configuration.singletonConfiguration
        configuration.tlsConfiguration = .makeClientConfiguration()
        configuration.tlsConfiguration?.certificateVerification = .none
        configuration.httpVersion = self == .http2 ? .automatic : .http1Only
        configuration.decompression = .disabled
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let result: Result<Void, any Error>
        do {
            result = .success(
                try await withListener(isSecure: isSecure, respond: respond) { try await body(client, $0) })
        } catch {
            result = .failure(error)
        }
        try await client.shutdown()
        try result.get()
    }
}

@Suite("Large bodies, plain, over TLS and over HTTP/2")
struct TransferTests {
    /// Consumes a body piece by piece and says what it was.
    private static let consume: HTTPListener.Responder = { request in
        var count = 0
        var sum: UInt64 = 0
        do {
            while try await request.body.next({ piece in
                count += piece.count
                for byte in piece { sum = sum &* 31 &+ UInt64(byte) }
            }) {}
        } catch {
            return .text(400, "\(error)")
        }
        return .text(200, "\(request.body.announcedLength.map(String.init) ?? "-") \(count) \(sum)")
    }

    private static func answer(to bytes: [UInt8], announced: Bool) -> String {
        "\(announced ? "\(bytes.count)" : "-") \(bytes.count) \(bytes.reduce(UInt64(0)) { $0 &* 31 &+ UInt64($1) })"
    }

    @Test("Files and parts of them arrive as they are", arguments: Transport.allCases)
    func downloads(_ transport: Transport) async throws {
        let file = try TestFile(size: 3_000_000)
        let cases: [(path: String, parts: [ServerResponse.Body.Part], expected: [UInt8])] = [
            ("/whole", [.file(file.slice())], file.bytes),
            ("/part", [.file(file.slice().part(1_000_001..<1_700_000))], Array(file.bytes[1_000_001..<1_700_000])),
            ("/empty", [.file(file.slice().part(7..<7))], []),
            (
                "/mixed",
                [.bytes([1, 2]), .file(file.slice().part(5..<9)), .bytes([3]), .file(file.slice())],
                [1, 2] + file.bytes[5..<9] + [3] + file.bytes
            ),
        ]
        try await transport.run { request in
            guard let item = cases.first(where: { $0.path == request.path }) else { return .text(404, "") }
            return ServerResponse(status: 200, body: .parts(item.parts))
        } _: { client, listener in
            for item in cases {
                var request = HTTPClientRequest(url: transport.url(listener, item.path))
                let response = try await client.execute(request, timeout: .seconds(60))
                #expect(response.version == (transport == .http2 ? .http2 : .http1_1))
                #expect(response.headers.first(name: "content-length") == "\(item.expected.count)")
                #expect(Array(buffer: try await response.body.collect(upTo: 10_000_000)) == item.expected)
                request.method = .HEAD
                let head = try await client.execute(request, timeout: .seconds(60))
                #expect(head.headers.first(name: "content-length") == "\(item.expected.count)")
                #expect(try await head.body.collect(upTo: 1).readableBytes == 0)
            }
        }
    }

    @Test("A body is consumed as it comes, with and without a length", arguments: Transport.allCases)
    func uploads(_ transport: Transport) async throws {
        let bytes = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        try await transport.run(respond: Self.consume) { client, listener in
            for announced in [true, false] {
                var request = HTTPClientRequest(url: transport.url(listener, "/"))
                request.method = .PUT
                let pieces = stride(from: 0, to: bytes.count, by: 100_000).map {
                    ByteBuffer(bytes: bytes[$0..<min(bytes.count, $0 + 100_000)])
                }
                request.body = .stream(
                    AsyncStream { continuation in
                        for piece in pieces { continuation.yield(piece) }
                        continuation.finish()
                    }, length: announced ? .known(Int64(bytes.count)) : .unknown)
                let response = try await client.execute(request, timeout: .seconds(60))
                let text = String(buffer: try await response.body.collect(upTo: 1000))
                #expect(text == Self.answer(to: bytes, announced: announced))
            }
        }
    }

    @Test("A request without a body has none to consume", arguments: Transport.allCases)
    func nothing(_ transport: Transport) async throws {
        try await transport.run(respond: Self.consume) { client, listener in
            let response = try await client.execute(
                HTTPClientRequest(url: transport.url(listener, "/")), timeout: .seconds(60))
            let text = String(buffer: try await response.body.collect(upTo: 1000))
            // HTTP/2 does not say so beforehand.
            #expect(text == (transport == .http2 ? "- 0 0" : "0 0 0"))
        }
    }

    @Test("An answer out of a file that is too short is no whole answer", arguments: Transport.allCases)
    func short(_ transport: Transport) async throws {
        let file = try TestFile(size: 1_100_000)
        try await transport.run { _ in
            ServerResponse(status: 200, body: .file(file.slice(length: 1_200_000)))
        } _: { client, listener in
            let response = try await client.execute(
                HTTPClientRequest(url: transport.url(listener, "/")), timeout: .seconds(60))
            await #expect(throws: (any Error).self) {
                _ = try await response.body.collect(upTo: 2_000_000)
            }
        }
    }

    @Test("A client that leaves in the middle lets go of the file", arguments: Transport.allCases)
    func leaving(_ transport: Transport) async throws {
        let file = try TestFile(size: 1, sparse: 1 << 30)
        let owner = Shared(WeakOwner?.none)
        try await transport.run { _ in
            let slice = file.slice(onOwner: { owner.value = WeakOwner($0) })
            return ServerResponse(status: 200, body: .file(slice))
        } _: { client, listener in
            let response = try await client.execute(
                HTTPClientRequest(url: transport.url(listener, "/")), timeout: .seconds(60))
            for try await _ in response.body { break }
            try await eventually("the file is let go") { owner.value?.isAlive == false }
        }
    }

    @Test("Whoever consumes a body gets to know that its client has left")
    func abandoned() async throws {
        let failure = Shared("")
        try await withListener { request in
            let response = await Self.consume(request)
            failure.value = String(decoding: response.body.joined ?? [], as: UTF8.self)
            return response
        } _: { listener in
            let client = try await RawClient(port: listener.port)
            try await client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n0123456789")
            await client.close()
            try await eventually("the consumer is told") { failure.value == "incomplete" }
        }
    }

    @Test("A client waits for a slow consumer")
    func backPressure() async throws {
        let isReleased = Shared(false)
        let total = 40_000_000
        try await withListener { request in
            _ = try? await request.body.next { _ in }
            while !isReleased.value { try? await Task.sleep(for: .milliseconds(1)) }
            return await Self.consume(request)
        } _: { listener in
            let client = try await RawClient(port: listener.port)
            try await client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: \(total)\r\n\r\n")
            let sent = Shared(0)
            async let sending: Void = {
                for _ in 0..<(total / 100_000) {
                    try await client.send(String(repeating: "x", count: 100_000))
                    sent.value += 1
                }
            }()
            var last = -1
            try await eventually("the client waits") {
                let now = sent.value
                defer { last = now }
                return now > 0 && now == last
            }
            #expect(sent.value < total / 100_000)
            isReleased.value = true
            try await sending
            try await client.wait("the answer") { $0.received.contains("200 OK") }
        }
    }

    @Test("An upload may last, as long as it comes along")
    func slowUpload() async throws {
        var limits = ConnectionLimits()
        limits.bodyTimeout = .seconds(1)
        try await withListener(limits: limits, respond: Self.consume) { listener in
            let client = try await RawClient(port: listener.port)
            try await client.send("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
            let end = ContinuousClock.now + .seconds(3)
            let piece = "1000\r\n" + String(repeating: "x", count: 4096) + "\r\n"
            while ContinuousClock.now < end {
                try await client.send(piece)
                try await Task.sleep(for: .milliseconds(5))
            }
            try await client.send("0\r\n\r\n")
            try await client.wait("the answer") { $0.received.contains("200 OK") }
        }
    }

    @Test("A client that sends a byte now and then is let go")
    func trickle() async throws {
        var limits = ConnectionLimits()
        limits.bodyTimeout = .milliseconds(100)
        try await withListener(limits: limits, respond: Self.consume) { listener in
            let client = try await RawClient(port: listener.port)
            try await client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n")
            let deadline = ContinuousClock.now + .seconds(60)
            while !client.isClosed {
                try? await client.send("x")
                try #require(ContinuousClock.now < deadline, "it may stay")
                try await Task.sleep(for: .milliseconds(1))
            }
        }
    }

    @Test("A client is not let go while it is the server that lets it wait")
    func slowServer() async throws {
        var limits = ConnectionLimits()
        limits.bodyTimeout = .seconds(1)
        let isReleased = Shared(false)
        try await withListener(limits: limits) { request in
            while !isReleased.value { try? await Task.sleep(for: .milliseconds(1)) }
            return await Self.consume(request)
        } _: { listener in
            let full = try await RawClient(port: listener.port)
            try await full.send(
                "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 400000\r\n\r\n" + String(repeating: "x", count: 400_000))
            let asking = try await RawClient(port: listener.port)
            try await asking.send(
                "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
            // Longer than the bound of a client.
            try await Task.sleep(for: .seconds(3))
            isReleased.value = true
            try await asking.wait("100") { $0.received.contains("100 Continue") }
            try await asking.send("body")
            try await asking.wait("an answer") { $0.received.contains("200 OK") }
            try await full.wait("an answer") { $0.received.contains("200 OK") }
        }
    }
}
