import APIMachinery
import APIServer
import Logging

/// What the paths of the OAuth server share: who may log in, and what they get.
struct OAuthServer: Sendable {
    let address: PublicAddress
    let users: Users
    let tokens: OAuthTokens
    let provider: any PasswordProvider
    let throttle: LoginThrottle
    /// Of access tokens, in seconds.
    let tokenLifetime: Int64

    /// How an attempt to log in ended.
    enum Outcome: Sendable {
        case user(User)
        /// The password is wrong, or there is no such user.
        case wrong
        /// Not looked at: seconds until it is worth trying again.
        case refused(retryAfter: Int)
        /// The password is right, and yet the user may not come in.
        case barred
    }

    /// Checks a password; the first time it is right, user and identity are made.
    /// - Throws: where that could not be found out.
    func login(
        _ name: String, password: String, _ request: ServerRequest, _ context: RequestContext
    ) async throws -> Outcome {
        guard !name.isEmpty, name.utf8.count <= 1024, password.utf8.count <= 1024 else { return .wrong }
        do {
            let isRight = try await throttle.attempt(user: name, source: request.remoteAddress) {
                try await provider.verify(user: name, password: password)
            }
            guard isRight else {
                context.logger.notice("log-in failed", metadata: ["source": "\(request.remoteAddress)"])
                return .wrong
            }
            let user = try await users.login(provider: provider.name, name: name, context)
            context.logger.info(
                "logged in", metadata: ["login": "\(name)", "source": "\(request.remoteAddress)"])
            return .user(user)
        } catch let refused as LoginThrottle.Refused {
            context.logger.notice("log-in refused", metadata: ["source": "\(request.remoteAddress)"])
            return .refused(retryAfter: refused.retryAfter)
        } catch is PasswordWorkers.Busy {
            return .refused(retryAfter: 5)
        } catch is Users.LoginFailure {
            context.logger.notice("no user for a log-in", metadata: ["login": "\(name)"])
            return .barred
        }
    }
}
