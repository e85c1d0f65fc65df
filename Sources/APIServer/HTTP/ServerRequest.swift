import HTTPTypes

/// A request as the API sees it, whatever server received it (design, section 6).
public struct ServerRequest: Sendable {
    /// Upper-case method, for example `GET`; also invented ones.
    public var method: String
    /// The path as sent, percent escapes included, without the query.
    public var path: String
    /// The raw query without `?`; empty where there is none.
    public var query: String
    public var headers: HTTPFields
    public var body: BodyReader
    /// Gives the verified client certificate in DER form; nil where the connection has none. Asking costs a hop to the
    /// connection's event loop.
    public var clientCertificate: @Sendable () async -> [UInt8]?
    /// The peer's address without port.
    public var remoteAddress: String
    /// Whether it came over TLS.
    public var isSecure: Bool

    public init(
        method: String, path: String, query: String = "", headers: HTTPFields = [:], body: BodyReader = .empty,
        clientCertificate: @escaping @Sendable () async -> [UInt8]? = { nil }, remoteAddress: String = "",
        isSecure: Bool = false
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.clientCertificate = clientCertificate
        self.remoteAddress = remoteAddress
        self.isSecure = isSecure
    }

    public func header(_ name: HTTPField.Name) -> String? { headers[name] }
}

/// The bytes that come with a request; read once.
public struct BodyReader: Sendable {
    public enum Failure: Error, Sendable {
        /// More bytes than allowed; the rest was not read.
        case tooLarge
        /// The client went away or sent less than it announced.
        case incomplete
    }

    private let read: @Sendable (Int) async throws -> [UInt8]

    /// - Parameter read: gives all bytes, or throws `Failure.tooLarge` beyond the limit it is called with.
    public init(_ read: @escaping @Sendable (Int) async throws -> [UInt8]) { self.read = read }

    public static let empty = BodyReader { _ in [] }

    public static func bytes(_ bytes: [UInt8]) -> BodyReader {
        BodyReader { limit in
            guard bytes.count <= limit else { throw Failure.tooLarge }
            return bytes
        }
    }

    /// All bytes, at most `limit`.
    public func collect(upTo limit: Int) async throws -> [UInt8] { try await read(limit) }
}
