import Importing
import Logging
import OCI
import RegistryClient
import RegistryTesting
import Synchronization
import Testing

@testable import Registry

/// spec/registry.md PT-15.
@Suite("A blob from several places")
struct UpstreamBlobTests {
    private static let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    private static let digest = Digest.sha256(of: bytes)

    /// Runs `body` with a blob that is to be had below `one/` and below `two/` of a registry.
    private static func run(
        _ answer: @escaping @Sendable (TestRequest) async -> TestResponse?,
        _ body: (UpstreamBlob, FakeRegistry) async throws -> Void
    ) async throws {
        try await FakeRegistry.run { registry in
            for repository in ["one", "two"] { registry.put(blob: bytes, in: repository) }
            registry.intercept { $0.path.contains("/blobs/") ? await answer($0) : nil }
            let transport = RegistryTransport(configuration: .patient)
            let session = UpstreamSession(
                transport: UpstreamTransport(transport), credentials: RegistryKeyring([]), policy: .direct, trace: [],
                patience: .seconds(300), logger: Logger(label: "test"))
            let blob = UpstreamBlob(
                digest: digest, size: Int64(bytes.count),
                places: ["one", "two"].map {
                    UpstreamSource(repository: registry.repository($0), isInsecure: true)
                }, session: session, health: UpstreamHealth())
            let result: Result<Void, any Error>
            do { result = .success(try await body(blob, registry)) } catch { result = .failure(error) }
            await transport.shutdown()
            try result.get()
        }
    }

    private static func read(_ blob: UpstreamBlob, _ range: Range<Int64>? = nil) async throws -> [UInt8] {
        var out: [UInt8] = []
        try await blob.read(range ?? 0..<blob.size) { out += $0 }
        return out
    }

    /// What a registry sends that honours ranges.
    private static func part(_ request: TestRequest) -> TestResponse {
        guard let range = request.header("range").first else { return TestResponse(200, body: bytes) }
        let ends = range.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
        return TestResponse(
            206, [("Content-Range", "bytes \(ends[0])-\(ends[1])/\(bytes.count)")],
            body: Array(bytes[ends[0]...ends[1]])
        )
    }

    @Test("What breaks off is asked for the rest in the same place; who sends all of it again does no harm")
    func resuming() async throws {
        for honoursRanges in [true, false] {
            let count = Mutex(0)
            try await Self.run { request in
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                var answer = honoursRanges ? Self.part(request) : TestResponse(200, body: Self.bytes)
                guard number < 3 else { return answer }
                answer.claimedLength = answer.body.count
                answer.body = Array(answer.body.prefix(answer.body.count / 2))
                return answer
            } _: { blob, registry in
                let found = try await Self.read(blob)
                #expect(found == Self.bytes)
                #expect(registry.server.requests.allSatisfy { !$0.path.contains("/two/") })
                #expect(registry.server.requests.filter { !$0.header("range").isEmpty }.count >= 2)
            }
        }
    }

    @Test("A place that has nothing is followed by the next; where none is left, the last one says why")
    func places() async throws {
        try await Self.run { request in
            request.path.contains("/one/") ? .error(404, "BLOB_UNKNOWN") : nil
        } _: { blob, _ in
            let found = try await Self.read(blob)
            #expect(found == Self.bytes)
        }
        try await Self.run { _ in
            .error(403, "DENIED", "not for you")
        } _: { blob, _ in
            let error = await #expect(throws: UpstreamSession.Failure.self) { try await Self.read(blob) }
            #expect(error?.description.contains("not for you") == true, "\(String(describing: error))")
        }
    }

    @Test("A part is asked for alone; no byte more than that is handed on, whatever comes")
    func parts() async throws {
        let range: Range<Int64> = 500..<40_500
        let wanted = Array(Self.bytes[500..<40_500])
        try await Self.run(Self.part) { blob, registry in
            let part = try await Self.read(blob, range)
            #expect(part == wanted)
            #expect(registry.server.requests.last?.header("range") == ["bytes=500-40499"])
        }
        try await Self.run { _ in
            TestResponse(200, body: Self.bytes + [1, 2, 3])
        } _: { blob, _ in
            let part = try await Self.read(blob, range)
            #expect(part == wanted)
            // The whole is another blob then.
            await #expect(throws: UpstreamSession.Failure.self) { try await Self.read(blob) }
        }
    }

    @Test("Too few bytes are a failure, and what the reader throws is its own affair")
    func failures() async throws {
        struct Full: Error {}
        try await Self.run { _ in
            TestResponse(200, body: [])
        } _: { blob, _ in
            await #expect(throws: UpstreamSession.Failure.self) { try await Self.read(blob) }
        }
        try await Self.run(Self.part) { blob, registry in
            await #expect(throws: Full.self) { try await blob.read(0..<blob.size) { _ in throw Full() } }
            #expect(registry.server.requests.filter { $0.path.contains("/blobs/") }.count == 1)
        }
    }
}
