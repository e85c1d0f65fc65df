/// The messages that a WebSocket sends (RFC 6455). What the client sends is read and ignored.
public struct WebSocketSource: Sendable {
    /// Messages are bytes rather than text.
    public var isBinary: Bool
    /// Writes message by message, each in one call, until it returns or throws; then the socket is closed.
    public var write: @Sendable (any BodyWriter) async throws -> Void

    public init(isBinary: Bool, write: @escaping @Sendable (any BodyWriter) async throws -> Void) {
        self.isBinary = isBinary
        self.write = write
    }
}
