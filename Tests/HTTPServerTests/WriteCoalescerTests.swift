import NIOCore
import NIOEmbedded
import Testing

@testable import HTTPServer

@Suite("Short writes in front of TLS")
struct WriteCoalescerTests {
    private func channel() -> EmbeddedChannel { EmbeddedChannel(handler: WriteCoalescer()) }

    private func outbound(_ channel: EmbeddedChannel) throws -> [Int] {
        var sizes: [Int] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { sizes.append(buffer.readableBytes) }
        return sizes
    }

    @Test(
        "go out joined with the next flush, in order, long ones by themselves",
        arguments: [
            ([3], [3]), ([1, 2, 3], [6]), ([32 * 1024], [32 * 1024]), ([100, 32 * 1024], [100, 32 * 1024]),
            ([20_000, 20_000, 10], [20_000, 20_010]), ([0, 5], [5]),
        ])
    func joined(_ writes: [Int], _ expected: [Int]) throws {
        let channel = channel()
        for size in writes { channel.write(ByteBuffer(repeating: 1, count: size), promise: nil) }
        #expect(try outbound(channel).isEmpty)
        channel.flush()
        #expect(try outbound(channel) == expected)
        channel.flush()
        #expect(try outbound(channel).isEmpty)
    }

    @Test("keep their bytes and their order")
    func bytes() throws {
        let channel = channel()
        let head = ByteBuffer(string: "head ")
        channel.write(head, promise: nil)
        channel.write(ByteBuffer(string: "body "), promise: nil)
        channel.writeAndFlush(ByteBuffer(string: "end"), promise: nil)
        #expect(try channel.readOutbound(as: ByteBuffer.self).map { String(buffer: $0) } == "head body end")
        // The writer still has its own.
        #expect(String(buffer: head) == "head ")
    }

    @Test("Every writer gets to know what became of its bytes", arguments: [true, false])
    func promises(_ isFlushed: Bool) throws {
        let channel = channel()
        let results = (0..<3).map { _ in channel.write(ByteBuffer(string: "x")) }
        let failures = Counter()
        for result in results { result.whenFailure { _ in failures.count += 1 } }
        if isFlushed { channel.flush() }
        try channel.close().wait()
        channel.embeddedEventLoop.run()
        #expect(failures.count == (isFlushed ? 0 : 3))
        #expect(try outbound(channel).count == (isFlushed ? 1 : 0))
    }

    /// Counts on the channel's loop, which is this thread.
    private final class Counter: @unchecked Sendable { var count = 0 }
}
