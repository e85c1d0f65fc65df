import APIMachinery
import APIServer
import HTTPTypes

/// Takes the user from a bearer token in `Authorization`, or in a WebSocket's subprotocol (spec/api-machinery.md 9.2).
public struct BearerAuthenticator: Authenticator {
    private let tokens: TokenChain

    public init(_ tokens: TokenChain) { self.tokens = tokens }

    public func authenticate(_ request: ServerRequest) async throws -> UserInfo? {
        try await authenticate(request, expiredWithin: 0)
    }

    public func authenticate(_ request: ServerRequest, expiredWithin seconds: Int64) async throws -> UserInfo? {
        guard let token = Self.token(in: request) else { return nil }
        return try await tokens.authenticate(token, expiredWithin: seconds).user
    }

    /// The scheme in any case, one blank, the token. Further blanks before the token make it none.
    static func token(in request: ServerRequest) -> String? {
        guard let header = request.header(.authorization) else { return request.webSocketToken }
        let parts = header.trimmingBlanks.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count > 1, parts[0].lowercased() == "bearer", !parts[1].isEmpty else { return nil }
        return String(parts[1])
    }
}

extension String {
    /// Without blanks and tabs at both ends.
    fileprivate var trimmingBlanks: Substring {
        var rest = self[...]
        while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return rest
    }
}
