import APIServer
import NIOCore
import NIOPosix

/// Bodies that are, or contain, parts of files.
extension Answer {
    /// Bytes of a file that are handed to the connection at once where the system sends them itself. A client has
    /// `ConnectionLimits.writeTimeout` for so many.
    private static let regionSize = Int64(1 << 20)
    /// Bytes of a file that are read at once where they have to pass through memory.
    private static let readSize = Int64(256 * 1024)

    func send(_ response: ServerResponse, _ parts: [ServerResponse.Body.Part]) async throws {
        let length = response.body.length
        try await onLoop { exchange in
            exchange.handler.write(.head(Self.head(response, exchange, length: length)), flush: false)
        }
        for part in parts {
            switch part {
            case .bytes(let bytes): try await write(ByteBuffer(bytes: bytes), flush: false)
            case .file(let slice) where sendsFiles: try await send(slice)
            case .file(let slice): try await read(slice)
            }
        }
        try await onLoop { $0.handler.complete($0) }
    }

    /// The system moves the bytes from the file to the socket.
    private func send(_ slice: FileSlice) async throws {
        let file = BorrowedFile(slice)
        let end = slice.offset + slice.length
        var offset = slice.offset
        while offset < end {
            let region = offset..<min(end, offset + Self.regionSize)
            let mustWait = try await onLoop { exchange in
                try file.check(region.upperBound)
                // What comes next is read from the disk while this goes out.
                if region.upperBound < end {
                    file.announce(region.upperBound..<min(end, region.upperBound + Self.regionSize))
                }
                exchange.handler.write(file, region)
                return exchange.handler.isBlocked()
            }
            if mustWait { try await gate.wait() } else { await Task.yield() }
            try Task.checkCancellation()
            offset = region.upperBound
        }
    }

    /// The bytes are read beside the event loop, as fast as the client takes them.
    private func read(_ slice: FileSlice) async throws {
        let end = slice.offset + slice.length
        var offset = slice.offset
        var buffer = ByteBuffer()
        while offset < end {
            let region = offset..<min(end, offset + Self.readSize)
            // The memory of the last piece, unless it is still on its way out.
            buffer.clear(minimumCapacity: region.count)
            let empty = buffer
            buffer = ByteBuffer()
            buffer = try await NIOThreadPool.singleton.runIfActive { try slice.read(region, into: empty) }
            try await write(buffer)
            try Task.checkCancellation()
            offset = region.upperBound
        }
    }
}
