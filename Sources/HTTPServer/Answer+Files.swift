import APIServer
import NIOCore
import NIOPosix

/// Bodies that are, or contain, parts of files.
extension Answer {
    func send(_ response: ServerResponse, _ parts: [ServerResponse.Body.Part]) async throws {
        let length = response.body.length
        try await onLoop { exchange in
            exchange.handler.write(.head(Self.head(response, exchange, length: length)), flush: false)
        }
        try await transfers.run {
            for part in parts {
                switch part {
                case .bytes(let bytes): try await write(ByteBuffer(bytes: bytes), flush: false)
                case .file(let slice): try await send(slice)
                }
            }
        }
        try await onLoop { $0.handler.complete($0) }
    }

    /// The bytes are read as fast as the client takes them: at once where they are in memory, beside the event loop where
    /// the disk has to be waited for.
    ///
    /// Not by `sendfile`: that goes page by page, and takes twice the processor's time that two copies take which stay in
    /// its cache.
    private func send(_ slice: FileSlice) async throws {
        let end = slice.offset + slice.length
        var offset = slice.offset
        var buffer = ByteBuffer()
        var readAhead = ReadAhead(slice)
        while offset < end {
            let piece = offset..<min(end, offset + transfers.pieceSize)
            // The memory of the last piece, which is out of it.
            buffer.clear(minimumCapacity: piece.count)
            slice.readCached(piece, to: &buffer)
            let rest = (piece.lowerBound + Int64(buffer.readableBytes))..<piece.upperBound
            readAhead.passed(offset, missing: rest)
            if !rest.isEmpty {
                let cached = buffer
                buffer = try await NIOThreadPool.singleton.runIfActive {
                    var whole = cached
                    try slice.read(rest, to: &whole)
                    return whole
                }
            }
            try await send(buffer)
            offset = piece.upperBound
        }
    }

    /// Sends a piece and waits until it is out of memory: a client that reads slowly must not make it two.
    private func send(_ piece: ByteBuffer) async throws {
        try await onLoop { $0.handler.send(piece) }
        while try await onLoop({ $0.handler.isSending() }) { try await gate.wait() }
        // The other connections of this loop have their turn.
        await Task.yield()
        try Task.checkCancellation()
    }
}

/// Has the disk read what comes next while the rest goes out, once something was not in memory.
private struct ReadAhead {
    private let slice: FileSlice
    private let end: Int64
    /// Up to where the system was asked to read; nil as long as all is in memory.
    private var announced: Int64?
    /// Bytes that are asked for at once. There are as many, or more, before the reader.
    private static let step = Int64(2 << 20)

    init(_ slice: FileSlice) {
        self.slice = slice
        end = slice.offset + slice.length
    }

    /// - Parameter missing: bytes from `offset` on that are not in memory.
    mutating func passed(_ offset: Int64, missing: Range<Int64>) {
        guard let begun = announced ?? (missing.isEmpty ? nil : missing.lowerBound), begun - offset < Self.step else {
            return
        }
        let next = min(end, begun + Self.step)
        slice.announce(begun..<next)
        announced = next
    }
}
