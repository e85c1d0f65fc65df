import APIServer
import Foundation
import HTTPServer
import Testing

/// RFC 9112, 3 and 6.
@Suite("The head of a request of HTTP/1.1")
struct RequestHeadTests {
    /// Says what was asked.
    private static let echo: HTTPListener.Responder = { request in
        .text(200, "\(request.method) \(request.path)?\(request.query)\n")
    }

    @Test(
        "What a proxy would be asked is answered all the same",
        arguments: [
            ("http://h/a?x=1", "/a?x=1"), ("HTTPS://h:80/a/b", "/a/b?"), ("http://h", "/?"),
            ("http://h?x=/y", "/?x=/y"),
            ("/http://h/a", "/http://h/a?"),
        ])
    func absolute(_ target: String, _ seen: String) async throws {
        try await withListener(respond: Self.echo) { listener in
            let client = try await RawClient(port: listener.port)
            try await client.send("GET \(target) HTTP/1.1\r\nHost: h\r\n\r\n")
            try await client.wait("the answer") { $0.received.contains("GET \(seen)\n") }
        }
    }

    @Test(
        "A request that does not say for which host, or is coded in a way nobody reads here, is refused",
        arguments: [
            ("GET / HTTP/1.1\r\n\r\n", "400"), ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
            ("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "501"),
            (
                "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "501"
            ),
        ])
    func refused(_ request: String, _ status: String) async throws {
        try await withListener(respond: Self.echo) { listener in
            let client = try await RawClient(port: listener.port)
            try await client.send(request)
            try await client.wait("the end") { $0.isClosed }
            #expect(client.received.hasPrefix("HTTP/1.1 \(status) "))
            #expect(client.received.components(separatedBy: "HTTP/1.1 ").count == 2)
        }
    }
}
