import NIOCore

/// What one connection may take (spec/api-machinery.md 1.14).
public struct ConnectionLimits: Sendable {
    /// From the connection's beginning to the end of its first request's header, TLS handshake included.
    public var handshakeTimeout: TimeAmount = .seconds(32)
    /// Between two requests; longer than clients keep idle connections, so that it is they who close.
    public var idleTimeout: TimeAmount = .seconds(120)
    /// In which a client must send `bodyProgress` bytes of a request's body, or its end. A body that comes along may
    /// take hours.
    public var bodyTimeout: TimeAmount = .seconds(60)
    /// Bytes that are worth another `bodyTimeout`: one at a time, a client could stay for ever.
    public var bodyProgress = 4096
    /// For the rest of a request's body once the server shuts down.
    public var lastBodyTimeout: TimeAmount = .seconds(5)
    /// How long a client may leave its answer unread when all buffers are full.
    public var writeTimeout: TimeAmount = .seconds(120)
    /// Bytes of all header fields of a request.
    public var headerBytes = 256 * 1024
    public var headerFields = 1000
    /// Bytes of a request's body that are held before somebody asks for them.
    public var bodyBuffer = 256 * 1024
    /// Bytes of an answer that wait for the client before the source of the answer has to.
    public var writeBuffer = 256 * 1024
    /// How long a body that nobody wanted is still read and dropped after the answer, so that the client sees that rather
    /// than a reset.
    public var discardTimeout: TimeAmount = .seconds(30)
    /// Requests at the same time on one HTTP/2 connection.
    public var streams = 250

    public init() {}
}
