import APIServer
import HTTPServer
import Logging
import OCI
import RegistryClient
import Synchronization
import Testing

/// What asks other registries speaks HTTP/2 to those that can (spec/import-and-controllers.md A.11).
@Suite("Other registries over HTTP/2")
struct OtherRegistriesTests {
    private static let together = 20

    @Test("Many requests at a time share a connection, more than HTTP/1.1 would have connections")
    func multiplexing() async throws {
        let arrived = Mutex(0)
        // Nobody gets an answer before all are there.
        let respond: HTTPListener.Responder = { request in
            guard request.path.contains("/blobs/") else { return .text(200, "{}") }
            arrived.withLock { $0 += 1 }
            let deadline = ContinuousClock.now + .seconds(60)
            while arrived.withLock({ $0 }) < Self.together {
                guard ContinuousClock.now < deadline else { return .text(500, "alone") }
                try? await Task.sleep(for: .milliseconds(5))
            }
            return .text(200, "content")
        }
        try await withListener(isSecure: true, respond: respond) { listener in
            let transport = RegistryTransport()
            let client = RegistryClient(transport: transport, logger: Logger(label: "test"))
            let repository = RepositoryName(host: "127.0.0.1:\(listener.port)", path: "team/app")
            let digest = Digest.sha256(of: Array("content".utf8))
            await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<Self.together {
                    group.addTask {
                        let access = RegistryAccess(insecure: true)
                        return (try? await client.blob(digest, in: repository, access: access)) != nil
                    }
                }
                for await isThere in group { #expect(isThere) }
            }
            await transport.shutdown()
        }
    }
}
