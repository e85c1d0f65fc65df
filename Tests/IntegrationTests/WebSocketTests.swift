import Foundation
import JSON
import Testing

@Suite("Watches over WebSockets")
struct WebSocketTests {
    /// A frame of RFC 6455, 5.2.
    private struct Frame {
        var opcode: UInt8
        var payload: [UInt8]
    }

    /// The frames behind the header of the answer.
    private static func frames(_ connection: RawConnection) -> [Frame] {
        let bytes = Array(connection.bytes)
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound else { return [] }
        var frames: [Frame] = []
        var position = end
        while position + 2 <= bytes.count {
            var length = Int(bytes[position + 1] & 0x7F)
            var start = position + 2
            let extended = length == 126 ? 2 : length == 127 ? 8 : 0
            if extended > 0 {
                guard start + extended <= bytes.count else { break }
                length = bytes[start..<(start + extended)].reduce(0) { $0 << 8 | Int($1) }
                start += extended
            }
            guard start + length <= bytes.count else { break }
            frames.append(
                Frame(opcode: bytes[position] & 0x0F, payload: Array(bytes[start..<(start + length)])))
            position = start + length
        }
        return frames
    }

    /// What a client sends: masked, as it must be.
    private static func masked(_ opcode: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let mask: [UInt8] = [1, 2, 3, 4]
        return [0x80 | opcode, 0x80 | UInt8(payload.count)] + mask
            + payload.enumerated().map { $0.element ^ mask[$0.offset % 4] }
    }

    private static func handshake(_ path: String, _ more: [String]) -> String {
        ([
            "GET \(path) HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: keep-alive, Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
        ] + more + ["", ""]).joined(separator: "\r\n")
    }

    @Test("127. Each event is one message; pings are answered; a close ends it")
    func messages() async throws {
        try await WeirProcess.run { server, api in
            try await api.createNamespace("p")
            #expect(try await api.createStream("a", in: "p").status == 201)
            #expect(try await api.createStream("b", in: "p").status == 201)
            let socket = try await RawConnection(server)
            try await socket.send(
                Self.handshake(API.streams("p") + "?watch=1", ["Authorization: Bearer \(try server.token())"]))
            try await eventually("both streams came") { Self.frames(socket).count == 2 }
            #expect(socket.received.hasPrefix("HTTP/1.1 101 "))
            // The answer to this key is an example of RFC 6455, 1.3.
            #expect(socket.received.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
            _ = try await api.createStream("c", in: "p", payload: 20_000)
            try await eventually("the new stream came") { Self.frames(socket).count == 3 }
            let events = try Self.frames(socket).map { try JSONValue.parse($0.payload) }
            #expect(events.map { $0["type"]?.stringValue } == ["ADDED", "ADDED", "ADDED"])
            #expect(events.map { $0["object"]?["metadata"]?["name"]?.stringValue } == ["a", "b", "c"])
            #expect(Self.frames(socket).allSatisfy { $0.opcode == 1 })

            try await socket.send(Self.masked(9, Array("hello".utf8)))
            try await eventually("the pong came") { Self.frames(socket).last?.opcode == 10 }
            #expect(Self.frames(socket).last?.payload == Array("hello".utf8))
            // What the client says is ignored, but must be something it may say.
            try await socket.send(Self.masked(1, Array("{}".utf8)))
            try await socket.send(Self.masked(8, [0x03, 0xE8]))
            try await eventually("the close came") { Self.frames(socket).last?.opcode == 8 }
            #expect(Self.frames(socket).last?.payload == [0x03, 0xE8])
        }
    }

    @Test("A browser sends its token as a subprotocol; the other one it offers is agreed to")
    func tokens() async throws {
        try await WeirProcess.run { server, api in
            func protocols(_ token: String) -> String {
                let encoded = Data(token.utf8).base64EncodedString().replacingOccurrences(of: "=", with: "")
                    .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
                return "Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.\(encoded), v1.example"
            }
            let path = "/api/v1/namespaces?watch=1&timeoutSeconds=1"
            let known = try await RawConnection(server)
            try await known.send(Self.handshake(path, [protocols(try server.token())]))
            try await eventually("the watch ends in time") { Self.frames(known).last?.opcode == 8 }
            #expect(known.received.contains("101 "))
            #expect(known.received.contains("Sec-WebSocket-Protocol: v1.example\r\n"))
            #expect(Self.frames(known).last?.payload == [0x03, 0xE8])
            let unknown = try await RawConnection(server)
            try await unknown.send(Self.handshake(path, [protocols("wrong")]))
            #expect(try await unknown.statusLine().contains(" 401 "))
            let anonymous = try await RawConnection(server)
            try await anonymous.send(Self.handshake(path, []))
            #expect(try await anonymous.statusLine().contains(" 403 "))
        }
    }

    @Test("A handshake that is none is refused, and a socket ends with the server")
    func refusals() async throws {
        let scratch = try Scratch()
        let server = try await WeirProcess.start(scratch.path + "/data")
        let path = "/api/v1/namespaces?watch=1"
        let bad = try await RawConnection(server)
        try await bad.send(
            "GET \(path) HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Authorization: Bearer \(try server.token())\r\n\r\n")
        #expect(try await bad.statusLine().contains(" 400 "))
        let socket = try await RawConnection(server)
        try await socket.send(Self.handshake(path, ["Authorization: Bearer \(try server.token())"]))
        try await eventually("an event came") { !Self.frames(socket).isEmpty }
        server.child.signal(SIGTERM)
        try await eventually("the server takes leave") { Self.frames(socket).last?.opcode == 8 }
        #expect(try await server.child.end(within: .seconds(60)) == 0)
    }
}
