import APIServer
import NIOCore
import NIOPosix

/// Bodies that are, or contain, parts of files.
extension Answer {
    /// Bytes that the disk reads while others go out.
    private static let readAhead = Int64(1 << 20)

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
        while offset < end {
            let piece = offset..<min(end, offset + transfers.pieceSize)
            // The memory of the last piece, unless it is still on its way out.
            buffer.clear(minimumCapacity: piece.count)
            slice.readCached(piece, to: &buffer)
            let rest = (piece.lowerBound + Int64(buffer.readableBytes))..<piece.upperBound
            if !rest.isEmpty {
                let cached = buffer
                buffer = try await NIOThreadPool.singleton.runIfActive {
                    var whole = cached
                    try slice.read(rest, to: &whole)
                    slice.announce(rest.upperBound..<min(end, rest.upperBound + Self.readAhead))
                    return whole
                }
            }
            try await write(buffer)
            // The other connections of this loop have their turn.
            await Task.yield()
            try Task.checkCancellation()
            offset = piece.upperBound
        }
    }
}
