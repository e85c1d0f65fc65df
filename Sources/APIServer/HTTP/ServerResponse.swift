import HTTPTypes

/// An answer on its way to whatever server sends it.
public struct ServerResponse: Sendable {
    public enum Body: Sendable {
        case bytes([UInt8])
        /// Written piece by piece until the closure returns or throws; a throw cuts the connection.
        case stream(@Sendable (any BodyWriter) async throws -> Void)
        /// Bytes in the order of the pieces: stored bytes go out without being joined.
        case pieces([ArraySlice<UInt8>])
        /// Bytes and parts of files, one after the other: blobs, and the ranges of one (spec/registry.md 1.8). Never
        /// held in memory as a whole, never compressed.
        case parts([Part])
        /// Another protocol on the same connection (RFC 6455); the status is 101.
        case webSocket(WebSocketSource)

        /// A part of a body.
        public enum Part: Sendable {
            case bytes([UInt8])
            case file(FileSlice)

            /// Bytes.
            public var length: Int {
                switch self {
                case .bytes(let bytes): bytes.count
                case .file(let slice): Int(slice.length)
                }
            }
        }

        /// A part of a file, or all of it.
        public static func file(_ slice: FileSlice) -> Body { .parts([.file(slice)]) }

        /// Bytes of a body whose length is known; nil for one that has yet to be written.
        public var length: Int? {
            switch self {
            case .bytes(let bytes): bytes.count
            case .pieces(let pieces): pieces.reduce(0) { $0 + $1.count }
            case .parts(let parts): parts.reduce(0) { $0 + $1.length }
            case .stream, .webSocket: nil
            }
        }

        /// The complete body in one piece; nil for one that has yet to be written or read from files.
        public var joined: [UInt8]? {
            switch self {
            case .bytes(let bytes): bytes
            case .pieces(let pieces): Array(pieces.joined())
            case .stream, .parts, .webSocket: nil
            }
        }
    }
    public var status: Int
    public var headers: HTTPFields
    public var body: Body

    public init(status: Int, headers: HTTPFields = [:], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public init(status: Int, contentType: String, _ bytes: [UInt8]) {
        self.init(status: status, headers: [.contentType: contentType], body: .bytes(bytes))
    }

    /// Plain text, for the endpoints and failures that answer so.
    public static func text(_ status: Int, _ text: String) -> ServerResponse {
        var response = ServerResponse(status: status, contentType: "text/plain; charset=utf-8", Array(text.utf8))
        response.headers[.contentTypeOptions] = "nosniff"
        return response
    }
}

/// Where a streamed body goes.
public protocol BodyWriter: Sendable {
    /// Sends bytes at once; waits while the client does not read. Throws when the client is gone.
    func write(_ bytes: [UInt8]) async throws
}

extension HTTPField.Name {
    /// A header of this API. The names are literals that are tokens, which is all the initializer asks for.
    private static func literal(_ name: String) -> HTTPField.Name { HTTPField.Name(name) ?? .server }

    public static let auditID = literal("Audit-ID")
    public static let warning = literal("Warning")
    public static let impersonateUser = literal("Impersonate-User")
    public static let impersonateGroup = literal("Impersonate-Group")
    public static let impersonateUID = literal("Impersonate-Uid")
    public static let contentTypeOptions = literal("X-Content-Type-Options")
}
