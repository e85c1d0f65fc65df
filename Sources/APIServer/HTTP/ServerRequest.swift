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
