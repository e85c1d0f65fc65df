import Foundation
import Testing

@Suite("Hostile connections")
struct HostileConnectionTests {
    private static func head(_ server: WeirProcess, _ method: String, _ path: String, _ more: String = "") throws
        -> String
    {
        "\(method) \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(try server.token())\r\n\(more)\r\n"
    }

    @Test("A client that leaves within its body has stored nothing")
    func halfSent() async throws {
        try await WeirProcess.run { server, api in
            try await api.createNamespace("p")
            let body = #"{"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"half"}}"#
            for cut in [0, 1, body.utf8.count / 2, body.utf8.count - 1] {
                let connection = try await RawConnection(server)
                let head = try Self.head(
                    server, "POST", API.streams("p"),
                    "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n")
                try await connection.send(head + body.prefix(cut))
                await connection.drop()
            }
            for cut in [10, 60] {
                let connection = try await RawConnection(server)
                try await connection.send(String(try Self.head(server, "POST", API.streams("p")).prefix(cut)))
                await connection.drop()
            }
            // A whole object in a body that never ends is no request either.
            let connection = try await RawConnection(server)
            try await connection.send(try Self.head(server, "POST", API.streams("p"), "Transfer-Encoding: chunked\r\n"))
            try await connection.send(String(body.utf8.count, radix: 16) + "\r\n" + body + "\r\n")
            await connection.drop()
            #expect(try await api.createStream("whole", in: "p").status == 201)
            #expect(try await api.get(API.streams("p")).names() == ["whole"])
        }
    }

    @Test("A slow client is waited for and hinders nobody; two hundred idle ones neither", .timeLimit(.minutes(2)))
    func slow() async throws {
        try await WeirProcess.run { server, api in
            try await api.createNamespace("p")
            let body = #"{"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"slow"}}"#
            var idle: [RawConnection] = []
            for index in 0..<200 {
                let connection = try await RawConnection(server)
                // Some say nothing at all, some the beginning of a request, some of a body.
                switch index % 3 {
                case 0: break
                case 1: try await connection.send("GET /api/v1/namespaces HTTP/1.1\r\nHost")
                default:
                    try await connection.send(
                        try Self.head(server, "POST", API.streams("p"), "Content-Length: 10\r\n") + "{")
                }
                idle.append(connection)
            }
            let slow = try await RawConnection(server)
            try await slow.send(
                try Self.head(server, "POST", API.streams("p"), "Content-Length: \(body.utf8.count)\r\n"))
            for byte in body.utf8 {
                try await slow.send([byte])
                if byte == UInt8(ascii: ":") { #expect(try await api.get("/readyz").status == 200) }
            }
            #expect(try await slow.statusLine().contains(" 201 "), "\(slow.received)")
            let began = ContinuousClock.now
            for index in 0..<20 { #expect(try await api.createStream("s\(index)", in: "p").status == 201) }
            let took = began.duration(to: .now)
            #expect(took < .seconds(10), "\(took)")
            #expect(try await api.get(API.streams("p")).names().count == 21)
            for connection in idle { await connection.drop() }
        }
    }

    @Test("Text that is no HTTP, absurd headers and paths are answered or cut, and the server stays well")
    func absurd() async throws {
        try await WeirProcess.run { server, api in
            let token = "Authorization: Bearer \(try server.token())\r\n"
            let long = String(repeating: "a", count: 2_000)
            let requests: [(text: String, status: String?)] = [
                ("\0\0\0\0\r\n\r\n", " 400 "),
                ("GET / HTTP/9.9\r\n\r\n", nil),
                ("GET  HTTP/1.1\r\n\r\n", nil),
                ("FROB /api/v1/namespaces HTTP/1.1\r\nHost: x\r\n\(token)\r\n", nil),
                ("GET /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", " 400 "),
                ("GET /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", nil),
                ("POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\n\(token)Content-Length: -5\r\n\r\n", nil),
                (
                    "POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\n\(token)Content-Length: 99999999999999999999\r\n\r\n",
                    nil
                ),
                (
                    "POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\n\(token)Content-Length: 9223372036854775807\r\n\r\n",
                    " 413 "
                ),
                (
                    "POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\n\(token)Transfer-Encoding: chunked\r\n\r\nzzz\r\n",
                    nil
                ),
                ("GET /\(String(repeating: "a", count: 300_000)) HTTP/1.1\r\nHost: x\r\n\(token)\r\n", nil),
                (
                    "GET /version HTTP/1.1\r\nHost: x\r\n"
                        + (0..<5_000).map { "X-\($0): \(long)\r\n" }.joined() + "\r\n", nil
                ),
                (
                    "GET /version HTTP/1.1\r\nHost: x\r\n" + (0..<200).map { "X-\($0): y\r\n" }.joined() + "\r\n",
                    " 200 "
                ),
                ("GET /api/v1/namespaces/%00%ff%2e%2e HTTP/1.1\r\nHost: x\r\n\(token)\r\n", nil),
                ("GET /api/v1/namespaces/%2e%2e%2f%2e%2e%2fetc%2fpasswd HTTP/1.1\r\nHost: x\r\n\(token)\r\n", " 404 "),
                ("GET /api/v1/namespaces?limit=\(long) HTTP/1.1\r\nHost: x\r\n\(token)\r\n", " 400 "),
                ("GET /api/v1/namespaces?timeout=9999999999h HTTP/1.1\r\nHost: x\r\n\(token)\r\n", nil),
                (
                    "GET /api/v1/namespaces?\(String(repeating: "a&", count: 30_000)) HTTP/1.1\r\nHost: x\r\n\(token)\r\n",
                    " 200 "
                ),
                (
                    "GET /api/v1/namespaces?labelSelector=\(String(repeating: "a,", count: 20_000))a HTTP/1.1\r\nHost: x\r\n\(token)\r\n",
                    " 200 "
                ),
                (
                    "GET /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nAccept: \(String(repeating: "a/b,", count: 10_000))\r\n\(token)\r\n",
                    " 406 "
                ),
                ("GET /version HTTP/1.1\r\nHost: x\r\nAudit-ID: \(long)\r\n\r\n", " 200 "),
                ("GET /api/v1/namespaces HTTP/1.1\r\nHost: x\r\n\(token)Impersonate-Group: x\r\n\r\n", " 400 "),
            ]
            for (text, status) in requests {
                let connection = try await RawConnection(server)
                try? await connection.send(text)
                let line: String
                do { line = try await connection.statusLine() } catch {
                    Issue.record("no answer and no end: \(text.prefix(80).debugDescription)")
                    continue
                }
                if let status {
                    #expect(line.contains(status), "\(text.prefix(80)): \(line) \(connection.received.prefix(300))")
                }
                #expect(!line.contains(" 500 "), "\(text.prefix(80)): \(connection.received.prefix(500))")
                await connection.drop()
                #expect(server.child.isRunning)
            }
            #expect(try await api.get("/readyz").text == "ok")
        }
    }

    @Test("Escaped slashes do not smuggle names, and continue tokens do not lead out of their collection")
    func smuggling() async throws {
        try await WeirProcess.run { _, api in
            for namespace in ["p", "q"] {
                try await api.createNamespace(namespace)
                for name in ["a", "b", "c"] { #expect(try await api.createStream(name, in: namespace).status == 201) }
            }
            #expect(try await api.get(API.streams("p") + "/a%2Fstatus").status == 200)
            #expect(try await api.get("/apis/image.openshift.io/v1/namespaces/p%2Fimagestreams%2Fa").status == 200)
            #expect(try await api.get(API.streams("p") + "/..%2Fq%2Fa").status == 404)
            #expect(try await [400, 404].contains(api.get(API.streams("p") + "/%2e%2e").status))
            let smuggled = try await api.post(API.streams("p"), #"{"metadata":{"name":"../q/x"}}"#)
            #expect(smuggled.status == 422)
            #expect(try await api.post("/api/v1/namespaces", #"{"metadata":{"name":"p/imagestreams"}}"#).status == 422)

            let first = try await api.get(API.streams("p") + "?limit=1").json()
            let token = try #require(first["metadata"]?["continue"]?.stringValue)
            #expect(try await api.get(API.streams("p") + "?continue=\(token)").names() == ["b", "c"])
            for index in token.indices.dropLast() {
                var tampered = token
                tampered.replaceSubrange(index...index, with: tampered[index] == "A" ? "B" : "A")
                let answer = try await api.get(API.streams("p") + "?continue=\(tampered)")
                #expect([200, 400, 410, 504].contains(answer.status), "\(answer.status) \(answer.text)")
                if answer.status == 200 {
                    for item in try answer.json()["items"]?.arrayValue ?? [] {
                        #expect(item["metadata"]?["namespace"] == "p")
                    }
                }
            }
            // A token that names a key of another namespace.
            let foreign = Data(#"{"v":"meta.k8s.io/v1","rv":-1,"start":"../q/a\u0000"}"#.utf8).base64EncodedString()
                .replacingOccurrences(of: "=", with: "")
            #expect(try await api.get(API.streams("p") + "?continue=\(foreign)").status == 400)
        }
    }
}
