import APIServer
import Foundation
import HTTPServer
import Testing

@Suite("Bodies out of files")
struct FileBodyTests {
    @Test("A file, parts of it and bytes between them arrive in order, and the connection goes on")
    func parts() async throws {
        let file = try TestFile(size: 3_000_000)
        try await withListener { request in
            switch request.path {
            case "/whole": ServerResponse(status: 200, body: .file(file.slice()))
            case "/part": ServerResponse(status: 206, body: .file(file.slice().part(1_000_000..<1_500_000)))
            case "/beyond": ServerResponse(status: 206, body: .file(file.slice().part(2_999_990..<9_000_000)))
            case "/empty": ServerResponse(status: 200, body: .file(file.slice().part(7..<7)))
            default:
                ServerResponse(
                    status: 206,
                    body: .parts([
                        .bytes(Array("<".utf8)), .file(file.slice().part(5..<15)), .bytes(Array("|".utf8)),
                        .file(file.slice().part(0..<300_000)), .bytes(Array(">".utf8)),
                    ]))
            }
        } _: { listener in
            let client = try await RawClient(port: listener.port)
            let cases: [(String, [UInt8])] = [
                ("whole", file.bytes), ("part", Array(file.bytes[1_000_000..<1_500_000])),
                ("beyond", Array(file.bytes[2_999_990...])), ("empty", []),
                (
                    "mixed",
                    Array("<".utf8) + file.bytes[5..<15] + Array("|".utf8) + file.bytes[..<300_000] + Array(">".utf8)
                ),
            ]
            for (path, expected) in cases {
                let answer = try await client.exchange("GET /\(path) HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(answer.head.contains("Content-Length: \(expected.count)\r\n"), "\(path)")
                #expect(answer.body == expected, "\(path)")
            }
            #expect(!client.isClosed)
        }
    }

    @Test("HEAD gets the head of what GET gets")
    func head() async throws {
        let file = try TestFile(size: 1000)
        try await withListener { request in
            request.path == "/file"
                ? ServerResponse(status: 200, body: .file(file.slice())) : .text(200, "text")
        } _: { listener in
            let client = try await RawClient(port: listener.port)
            try await client.send(
                "HEAD /file HTTP/1.1\r\nHost: h\r\n\r\nHEAD /text HTTP/1.1\r\nHost: h\r\n\r\n")
            try await client.wait("two heads") { $0.received.components(separatedBy: "\r\n\r\n").count == 3 }
            #expect(client.received.contains("Content-Length: 1000\r\n"))
            #expect(client.received.contains("Content-Length: 4\r\n"))
            #expect(client.received.hasSuffix("\r\n\r\n"))
        }
    }

    @Test("A file that is shorter than it should be breaks the answer off")
    func short() async throws {
        let file = try TestFile(size: 1_100_000)
        try await withListener { _ in
            ServerResponse(status: 200, body: .file(file.slice(length: 1_200_000)))
        } _: { listener in
            let client = try await RawClient(port: listener.port)
            try await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            try await client.wait("the end") { $0.isClosed }
            #expect(client.received.contains("Content-Length: 1200000\r\n"))
            #expect(client.count < 1_200_000)
        }
    }

    @Test("A client that leaves in the middle, or never reads, lets go of the file", arguments: [true, false])
    func release(_ leaves: Bool) async throws {
        var limits = ConnectionLimits()
        if !leaves { limits.writeTimeout = .milliseconds(50) }
        let file = try TestFile(size: 1, sparse: 1 << 30)
        let owner = Shared(WeakOwner?.none)
        try await withListener(limits: limits) { _ in
            let slice = file.slice(onOwner: { owner.value = WeakOwner($0) })
            return ServerResponse(status: 200, body: .file(slice))
        } _: { listener in
            let client = try await RawClient(port: listener.port, reads: false)
            try await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            try await eventually("the file is being sent") { owner.value.map { _ in true } ?? false }
            if leaves { await client.close() }
            try await eventually("the file is let go") { owner.value?.isAlive == false }
            await client.close()
        }
    }
}

struct WeakOwner: Sendable {
    private weak let owner: OpenTestFile?

    init(_ owner: OpenTestFile) { self.owner = owner }

    var isAlive: Bool { owner != nil }
}

/// A file of random bytes.
final class TestFile: Sendable {
    let path: String
    let bytes: [UInt8]
    private let size: Int

    /// - Parameter sparse: bytes of the file, where it is to be larger than what is known of it.
    init(size: Int, sparse: Int? = nil) throws {
        var generator = SystemRandomNumberGenerator()
        bytes = (0..<(size + 7) / 8).flatMap { _ in
            withUnsafeBytes(of: generator.next()) { Array($0) }
        }.prefix(size).map(\.self)
        path = FileManager.default.temporaryDirectory.appendingPathComponent("weir-\(UUID().uuidString)").path
        self.size = sparse ?? size
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        if let sparse { #expect(truncate(path, sparse) == 0) }
    }

    deinit { unlink(path) }

    func slice(length: Int? = nil, onOwner: (OpenTestFile) -> Void = { _ in }) -> FileSlice {
        let file = OpenTestFile(path)
        onOwner(file)
        return FileSlice(descriptor: file.descriptor, owner: file, length: Int64(length ?? size))
    }
}

final class OpenTestFile: Sendable {
    let descriptor: Int32

    init(_ path: String) { descriptor = open(path, O_RDONLY | O_CLOEXEC) }

    deinit { close(descriptor) }
}
