import APIMachinery
import APIServer
import Logging

extension OAuthTokens {
    /// Removes tokens and codes that have expired, every few minutes, until the task is cancelled.
    ///
    /// They are refused at once when their time is over; this only clears them away, tokens a while later.
    public func removeExpired(
        every interval: Duration = .seconds(300), _ context: @Sendable () -> RequestContext, logger: Logger
    ) async throws {
        while true {
            do {
                try await removeExpired(context())
            } catch let error as APIError {
                logger.warning("expired tokens could not be removed", metadata: ["error": "\(error.message)"])
            }
            try await Task.sleep(for: interval)
        }
    }

    func removeExpired(_ context: RequestContext) async throws {
        try await Self.remove(from: accessTokens, after: Self.afterlife, context) {
            ($0.metadata.creationTimestamp, $0.expiresIn)
        }
        try await Self.remove(from: authorizeTokens, after: 0, context) {
            ($0.metadata.creationTimestamp, $0.expiresIn)
        }
    }

    private static func remove<Token: APIObject>(
        from tokens: ObjectStore<Token>, after delay: Int64, _ context: RequestContext,
        life: (Token) -> (Timestamp, Int64)
    ) async throws {
        var own = context
        own.resource = tokens.kind.descriptor.groupResource
        for name in try await tokens.names(in: "") {
            guard let token = try await tokens.object(name, namespace: "") else { continue }
            let (created, seconds) = life(token)
            guard OAuthTokenRules.isExpired(created: created, seconds: seconds, now: own.now, since: delay) else {
                continue
            }
            do { _ = try await tokens.delete(name, options: DeleteOptions(), own) } catch let error as APIError {
                guard error.reason == "NotFound" else { throw error }
            }
        }
    }
}
