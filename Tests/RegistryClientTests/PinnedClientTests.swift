import AsyncHTTPClient
import RegistryTesting
import Testing

@testable import RegistryClient

@Suite("Connections to addresses that were looked at")
struct PinnedClientTests {
    private static func run(capacity: Int, _ body: (PinnedClients, HostAddress) async throws -> Void) async throws {
        let clients = PinnedClients(capacity: capacity, HTTPClient.Configuration(redirectConfiguration: .disallow))
        let address = try #require(try await HostAddress.all(of: "127.0.0.1").first)
        let result: Result<Void, any Error>
        do { result = .success(try await body(clients, address)) } catch { result = .failure(error) }
        await clients.shutdown()
        try result.get()
    }

    private static func get(_ url: String, _ client: HTTPClient) async throws -> Int {
        Int(try await client.execute(HTTPClientRequest(url: url), timeout: .minutes(5)).status.code)
    }

    @Test("go there, whatever the host is called")
    func address() async throws {
        let server = try await TestServer.start { _ in TestResponse(204) }
        let port = server.host.split(separator: ":").last ?? ""
        try await Self.run(capacity: 8) { clients, address in
            let lease = await clients.lease(host: "registry.example.invalid", address: address)
            let status = try await Self.get("http://registry.example.invalid:\(port)/", lease.client)
            #expect(status == 204)
            #expect(server.requests.first?.header("host") == ["registry.example.invalid:\(port)"])
        }
        await server.stop()
    }

    @Test("are kept for the next time, closed when there are too many, and never while somebody holds them")
    func room() async throws {
        let server = try await TestServer.start { _ in TestResponse(204) }
        try await Self.run(capacity: 2) { clients, address in
            let held = await clients.lease(host: "held", address: address)
            var idle = Optional(await clients.lease(host: "idle", address: address))
            let first = try #require(idle?.client)
            #expect(await clients.lease(host: "idle", address: address).client === first)
            idle = nil
            for number in 0..<4 { _ = await clients.lease(host: "h\(number)", address: address) }
            #expect(await clients.lease(host: "held", address: address).client === held.client)
            let status = try await Self.get("http://\(server.host)/", held.client)
            #expect(status == 204)
            await #expect(throws: (any Error).self) { try await Self.get("http://\(server.host)/", first) }
        }
        await server.stop()
    }

    @Test("fail when all is over")
    func closed() async throws {
        try await Self.run(capacity: 2) { clients, address in
            await clients.shutdown()
            let late = await clients.lease(host: "late", address: address)
            await #expect(throws: (any Error).self) { try await Self.get("http://127.0.0.1:1/", late.client) }
        }
    }
}
