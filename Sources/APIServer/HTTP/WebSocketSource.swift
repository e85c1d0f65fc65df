import APIMachinery
import HTTPTypes
import JSON

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

/// Takes the length off protobuf events: a message of a WebSocket has one of its own.
struct UnframedWriter: BodyWriter {
    private let base: any BodyWriter

    init(_ base: any BodyWriter) { self.base = base }

    func write(_ bytes: [UInt8]) async throws {
        try await base.write(Array(bytes.dropFirst(ProtobufWatchFrame.lengthSize)))
    }
}

extension ServerRequest {
    /// Whether the client wants to go on in a WebSocket (RFC 6455, 4.2.1).
    var wantsWebSocket: Bool {
        guard method == "GET", header(.upgrade)?.lowercased() == "websocket" else { return false }
        return (header(.connection) ?? "").lowercased().split(separator: ",")
            .contains { $0.drop { $0 == " " }.prefix { $0 != " " } == "upgrade" }
    }

    /// The subprotocols the client offers. Browsers cannot send credentials otherwise, so one of them may be a token.
    private var webSocketProtocols: [String] {
        (header(.secWebSocketProtocol) ?? "").split(separator: ",").map { String($0.filter { $0 != " " }) }
    }

    /// The bearer token among the subprotocols (spec/api-machinery.md 9.2); nil where there is none.
    public var webSocketToken: String? {
        guard wantsWebSocket,
            let offer = webSocketProtocols.first(where: { $0.hasPrefix(Self.tokenProtocol) })
        else { return nil }
        return Base64URL.decode(String(offer.dropFirst(Self.tokenProtocol.count)))
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// The one subprotocol that is left is agreed to.
    var webSocketAnswer: HTTPFields {
        let offers = webSocketProtocols.filter { !$0.hasPrefix(Self.tokenProtocol) }
        return offers.count == 1 ? [.secWebSocketProtocol: offers[0]] : [:]
    }

    private static let tokenProtocol = "base64url.bearer.authorization.k8s.io."
}
