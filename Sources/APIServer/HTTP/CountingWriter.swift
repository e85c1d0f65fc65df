import Synchronization

/// Counts the bytes on their way through.
final class CountingWriter: BodyWriter {
    private let writer: any BodyWriter
    private let bytes = Atomic<Int>(0)

    init(_ writer: any BodyWriter) { self.writer = writer }

    var count: Int { bytes.load(ordering: .relaxed) }

    func write(_ bytes: [UInt8]) async throws {
        self.bytes.wrappingAdd(bytes.count, ordering: .relaxed)
        try await writer.write(bytes)
    }
}
