import CZlib
import HTTPTypes
import JSON
import Testing

@testable import APIServer

@Suite("Compressed answers")
struct CompressionTests {
    /// A list of more than 128 KiB.
    let large = TestAPI((0..<30).map { TestAPI.stream("s\($0)", annotation: String(repeating: "x", count: 8000)) })

    @Test("A large answer is compressed for those who ask", arguments: ["gzip", "deflate, gzip;q=1.0", " gzip "])
    func compressed(_ accept: String) async throws {
        let plain = try await large.send("GET")
        let answer = try await large.send(headers: [.acceptEncoding: accept])
        #expect(answer.headers[.contentEncoding] == "gzip")
        #expect(answer.headers[values: .vary] == ["Accept-Encoding"])
        #expect(answer.body.count < plain.body.count / 10)
        #expect(inflated(answer.body, length: plain.body.count) == plain.body)
    }

    @Test("Nobody else gets gzip", arguments: ["", "identity", "x-gzip", "GZIP"])
    func plain(_ accept: String) async throws {
        let answer = try await large.send(headers: [.acceptEncoding: accept])
        #expect(answer.headers[.contentEncoding] == nil)
        #expect(answer.headers[.vary] == nil)
    }

    @Test("Small answers and streams go plain")
    func small() async throws {
        #expect(try await TestAPI().send(headers: [.acceptEncoding: "gzip"]).headers[.contentEncoding] == nil)
        let watch = try await large.send("GET", query: "watch=1", headers: [.acceptEncoding: "gzip"])
        #expect(watch.headers[.contentEncoding] == nil)
        #expect(watch.body.count > ResponseCompression.threshold)
    }

    @Test("Compressing nothing, little and the incompressible", arguments: [0, 1, 70_000, 1_000_000])
    func sizes(_ count: Int) throws {
        var state: UInt64 = 1
        let bytes = (0..<count).map { _ -> UInt8 in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        let compressed = try #require(Gzip.compress(bytes))
        #expect(inflated(compressed, length: count) == bytes)
    }

    private func inflated(_ bytes: [UInt8], length: Int) -> [UInt8] {
        var input = bytes
        var stream = z_stream()
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            return []
        }
        defer { inflateEnd(&stream) }
        return input.withUnsafeMutableBufferPointer { input in
            [UInt8](unsafeUninitializedCapacity: length + 1) { output, count in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(length + 1)
                count = inflate(&stream, Z_FINISH) == Z_STREAM_END ? length + 1 - Int(stream.avail_out) : 0
            }
        }
    }
}
