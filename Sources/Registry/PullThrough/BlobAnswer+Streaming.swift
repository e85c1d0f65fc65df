import APIServer
import HTTPTypes

extension BlobAnswer {
    /// What a request wants of a blob that comes by and by; nil where there is no such part. Several parts are not worth it:
    /// all of it is an answer too.
    func streamedRange(of request: ServerRequest) -> Range<Int64>? {
        switch ranges(of: request) {
        case .all: 0..<size
        case .parts(let ranges): ranges.count == 1 ? ranges[0] : 0..<size
        case .none, .tooMuch: nil
        }
    }

    /// Some of the blob, written by somebody else.
    /// - Parameter range: nil where there is no such part.
    func streamed(
        _ range: Range<Int64>?, to request: ServerRequest,
        _ write: @escaping @Sendable (any BodyWriter) async throws -> Void
    ) -> ServerResponse {
        guard let range else { return response(to: request) { _ in .bytes([]) } }
        var headers = headers
        headers[.contentLength] = String(range.count)
        guard range.count < size else { return ServerResponse(status: 200, headers: headers, body: .stream(write)) }
        headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
        return ServerResponse(status: 206, headers: headers, body: .stream(write))
    }
}
