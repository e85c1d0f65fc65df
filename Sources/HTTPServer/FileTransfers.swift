import Synchronization

/// The answers of a listener that send files. They share a bounded amount of memory, however slowly clients read.
final class FileTransfers: Sendable {
    /// Bytes of memory that all of them take together, until each has to make do with the smallest piece.
    private static let memory = 8 << 20
    /// Bytes of a piece. Larger ones would not stay in the processor's cache between the file and the socket.
    private static let pieces = (16 << 10)...(256 << 10)

    private let underWay = Atomic<Int>(0)

    /// Runs one of them.
    func run(_ transfer: () async throws -> Void) async rethrows {
        underWay.add(1, ordering: .relaxed)
        defer { underWay.subtract(1, ordering: .relaxed) }
        try await transfer()
    }

    /// Bytes that each of them should read at once now.
    var pieceSize: Int64 {
        let share = Self.memory / max(1, underWay.load(ordering: .relaxed))
        return Int64(min(max(share, Self.pieces.lowerBound), Self.pieces.upperBound))
    }
}
