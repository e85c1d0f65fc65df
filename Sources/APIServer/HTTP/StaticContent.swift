import APIMachinery
import HTTPTypes
import OCI

/// Bytes that do not change while the server runs, with what a cache needs to know of them.
struct StaticContent: Sendable {
    let bytes: [UInt8]
    let contentType: String
    /// SHA-512 of the bytes in upper-case hex.
    let hash: String
    let modified: Timestamp
    /// The bytes as gzip, where they are so many that clients are served better so.
    private let compressed: [UInt8]?

    init(_ bytes: [UInt8], contentType: String, modified: Timestamp) {
        self.bytes = bytes
        self.contentType = contentType
        self.modified = modified
        compressed = bytes.count > ResponseCompression.threshold ? Gzip.compress(bytes) : nil
        hash = Digest.compute(.sha512, of: bytes).hex.uppercased()
    }

    /// The entity tag, quotes included.
    var tag: String { "\"\(hash)\"" }

    /// Answers GET and HEAD as a file server does: 304 to a client that has the bytes, 206 to one that asks for a part
    /// of them, 416 where there is no such part (RFC 9110, 13 and 14). Compressed once, not for each client.
    func response(to request: ServerRequest, headers: HTTPFields = [:]) -> ServerResponse {
        var headers = headers
        headers[.eTag] = tag
        headers[.lastModified] = modified.httpDate
        headers[.acceptRanges] = "bytes"
        if isKnown(to: request) { return ServerResponse(status: 304, headers: headers) }
        headers[.contentType] = contentType
        switch range(of: request) {
        case .all:
            if let compressed, ResponseCompression.accepts(request.header(.acceptEncoding) ?? "") {
                headers[.contentEncoding] = "gzip"
                headers.append(HTTPField(name: .vary, value: "Accept-Encoding"))
                return ServerResponse(status: 200, headers: headers, body: .bytes(compressed))
            }
            return ServerResponse(status: 200, headers: headers, body: .bytes(bytes))
        case .part(let part):
            headers[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(bytes.count)"
            return ServerResponse(status: 206, headers: headers, body: .bytes(Array(bytes[part])))
        case .none:
            headers[.contentRange] = "bytes */\(bytes.count)"
            return ServerResponse(status: 416, headers: headers)
        }
    }

    /// `If-None-Match` decides alone where it is there.
    private func isKnown(to request: ServerRequest) -> Bool {
        guard let known = request.header(.ifNoneMatch) else {
            return request.header(.ifModifiedSince) == modified.httpDate
        }
        return known.split(separator: ",").contains { part in
            let text = part.trimmingPrefix { $0 == " " }
            let candidate = text.hasPrefix("W/") ? text.dropFirst(2) : text
            return candidate == "*" || candidate.prefix { $0 != " " } == tag
        }
    }

    private enum Part {
        case all
        case part(Range<Int>)
        case none
    }

    /// One range of bytes; what is no such thing is ignored, as the standard allows.
    private func range(of request: ServerRequest) -> Part {
        guard let header = request.header(.range), header.hasPrefix("bytes="), !header.contains(","),
            request.header(.ifRange).map({ $0 == tag }) ?? true
        else { return .all }
        let ends = header.dropFirst(6).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard ends.count == 2 else { return .all }
        switch (Int(ends[0]), Int(ends[1])) {
        case (nil, let length?) where ends[0].isEmpty && length >= 0:
            return length == 0 ? .none : .part(max(0, bytes.count - length)..<bytes.count)
        case (let first?, let last) where first >= 0 && (last != nil || ends[1].isEmpty):
            guard first < bytes.count else { return .none }
            let end = min(last ?? bytes.count - 1, bytes.count - 1)
            return first <= end ? .part(first..<end + 1) : .all
        default: return .all
        }
    }
}
