import APIServer
import HTTPTypes

extension BlobAnswer {
    /// The blob as it comes, or one part of it.
    /// - Parameter next: gives bytes from an offset on, and before an end; nil where there are no more.
    func streamed(
        to request: ServerRequest, _ next: @escaping @Sendable (Int64, Int64) async throws -> [UInt8]?
    ) -> ServerResponse {
        let range: Range<Int64>
        switch ranges(of: request) {
        // Several parts of what is not here yet are not worth it: all of it is an answer too.
        case .all: range = 0..<size
        case .parts(let ranges) where ranges.count == 1: range = ranges[0]
        case .parts: range = 0..<size
        case .none, .tooMuch: return response(to: request) { _ in .bytes([]) }
        }
        var response = whole { writer in
            var offset = range.lowerBound
            while offset < range.upperBound {
                guard let bytes = try await next(offset, range.upperBound) else { throw BodyReader.Failure.incomplete }
                try await writer.write(bytes)
                offset += Int64(bytes.count)
            }
        }
        response.headers[.contentLength] = String(range.count)
        if range.count < size {
            response.status = 206
            response.headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
        }
        return response
    }

    /// All of it, written by somebody else.
    func whole(_ write: @escaping @Sendable (any BodyWriter) async throws -> Void) -> ServerResponse {
        var headers = headers
        headers[.contentLength] = String(size)
        return ServerResponse(status: 200, headers: headers, body: .stream(write))
    }
}
