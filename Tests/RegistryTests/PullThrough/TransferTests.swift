import Blobs
import OCI
import Testing

@testable import Registry

@Suite("One transfer for all who want a blob")
struct TransferTests {
    private struct Failed: Error, Equatable {}

    /// Bytes in memory.
    private struct Bytes: BlobContent {
        var bytes: [UInt8]
        var size: Int64 { Int64(bytes.count) }
        var file: BlobFile? { nil }

        func read(_ range: Range<Int64>) async throws(BlobError) -> [UInt8] {
            guard range.lowerBound >= 0, range.upperBound <= size else { throw .tooLarge }
            return Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
        }
    }

    private let bytes: [UInt8] = Array(0..<10)

    private func staged(_ count: Int) -> Bytes { Bytes(bytes: Array(bytes.prefix(count))) }

    private static func all(of transfer: Transfer) async throws -> [UInt8] {
        var out: [UInt8] = []
        while let piece = try await transfer.next(after: Int64(out.count), upTo: transfer.size) { out += piece }
        return out
    }

    @Test("Bytes can be read as they come, and the last one when the whole is known to be right")
    func growing() async throws {
        let transfer = Transfer(size: 10)
        transfer.advance(staged(4))
        #expect(try await transfer.next(after: 0, upTo: 10) == [0, 1, 2, 3])
        transfer.advance(staged(10))
        #expect(try await transfer.next(after: 4, upTo: 10) == [4, 5, 6, 7, 8])
        let last = Task { try await transfer.next(after: 9, upTo: 10) }
        transfer.finish(.success(()))
        #expect(try await last.value == [9])
        #expect(try await transfer.next(after: 10, upTo: 10) == nil)
    }

    @Test("The only byte of a blob is held back too")
    func one() async throws {
        let transfer = Transfer(size: 1)
        transfer.advance(staged(1))
        let first = Task { try await transfer.next(after: 0, upTo: 1) }
        transfer.finish(.failure(Failed()))
        await #expect(throws: Failed.self) { try await first.value }
    }

    @Test("Who wants all of it waits for the end, or for being told to stop")
    func ended() async throws {
        let transfer = Transfer(size: 10)
        transfer.advance(staged(4))
        let first = Task { try await transfer.ended() }
        let second = Task { try await transfer.ended() }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        transfer.advance(staged(10))
        transfer.finish(.success(()))
        try await first.value
        let failed = Transfer(size: 1)
        failed.finish(.failure(Failed()))
        await #expect(throws: Failed.self) { try await failed.ended() }
    }

    @Test("A reader that came before there was anything waits for it")
    func waiting() async throws {
        let transfer = Transfer(size: 10)
        let first = Task { try await transfer.next(after: 0, upTo: 10) }
        transfer.advance(staged(0))
        transfer.advance(staged(2))
        #expect(try await first.value == [0, 1])
    }

    @Test("A part of the blob ends where it ends")
    func part() async throws {
        let transfer = Transfer(size: 10)
        transfer.advance(staged(8))
        #expect(try await transfer.next(after: 2, upTo: 5) == [2, 3, 4])
        #expect(try await transfer.next(after: 5, upTo: 5) == nil)
        #expect(try await transfer.next(after: 6, upTo: 9) == [6, 7])
    }

    @Test("A failure reaches all readers, those that wait, those that come, and those that have bytes to read")
    func failing() async throws {
        let transfer = Transfer(size: 10)
        transfer.advance(staged(5))
        let readers = (0..<20).map { _ in Task { try await Self.all(of: transfer) } }
        transfer.finish(.failure(Failed()))
        for reader in readers {
            await #expect(throws: Failed.self) { try await reader.value }
        }
        await #expect(throws: Failed.self) { try await transfer.next(after: 0, upTo: 10) }
    }

    @Test("A blob that is shorter than was said ends where it ends, also when it is right")
    func shorter() async throws {
        let transfer = Transfer(size: 10)
        transfer.advance(staged(4))
        transfer.finish(.success(()))
        #expect(try await Self.all(of: transfer) == [0, 1, 2, 3])
    }

    @Test("A hundred readers get the same, in pieces that do not fill the memory")
    func many() async throws {
        let blob = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) }
        let transfer = Transfer(size: Int64(blob.count))
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<100 {
                group.addTask { try await Self.all(of: transfer) == blob }
            }
            for end in stride(from: 100_000, through: blob.count, by: 100_000) {
                transfer.advance(Bytes(bytes: Array(blob[..<end])))
                await Task.yield()
            }
            transfer.finish(.success(()))
            for try await isSame in group { #expect(isSame) }
        }
        let piece = try #require(try await transfer.next(after: 0, upTo: transfer.size))
        #expect(piece.count == 256 << 10)
    }

    @Test("A reader that is cancelled ends with the next bytes")
    func cancelled() async throws {
        let transfer = Transfer(size: 10)
        let reader = Task { try await transfer.next(after: 0, upTo: 10) }
        reader.cancel()
        transfer.advance(staged(0))
        transfer.finish(.success(()))
        // It was there before the end, or came after it.
        switch await reader.result {
        case .success(let bytes): #expect(bytes == nil)
        case .failure(let error): #expect(error is CancellationError)
        }
    }
}
