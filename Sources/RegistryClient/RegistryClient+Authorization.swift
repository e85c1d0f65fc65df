#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Which Authorization header a request to the registry gets (G.3 to G.5).
struct Authorizer: Sendable {
    let endpoint: Endpoint
    /// Of the endpoint, or newer ones from a 401.
    let challenges: [AuthChallenge]
    let challengeOrigin: String
    /// Asked for unless the challenge of a 401 names other ones.
    let scopes: [String]
    let prefersChallengeScope: Bool
    let access: RegistryAccess

    init(endpoint: Endpoint, scope: String, access: RegistryAccess) {
        self.endpoint = endpoint
        challenges = endpoint.challenges
        challengeOrigin = endpoint.challengeOrigin
        scopes = [scope]
        prefersChallengeScope = false
        self.access = access
    }

    /// For the second try, with what the registry asked for when it refused the first.
    init(_ first: Authorizer, challenges: [AuthChallenge]) {
        endpoint = first.endpoint
        self.challenges = challenges
        challengeOrigin = first.endpoint.base.origin
        scopes = first.scopes
        prefersChallengeScope = true
        access = first.access
    }

    /// Only the registry itself is ever shown credentials, and only where it asked for them.
    func applies(to url: WebAddress) -> Bool {
        !challenges.isEmpty && url.origin == challengeOrigin && url.path.contains("/v2/")
    }
}

extension RegistryClient {
    /// The header's value; nil for a request without authentication.
    func authorization(_ authorizer: Authorizer, for url: WebAddress) async throws(RegistryError) -> String? {
        guard authorizer.applies(to: url) else { return nil }
        var failure: RegistryError?
        if let bearer = authorizer.challenges.first(where: { $0.scheme == "bearer" }) {
            do {
                return
                    "Bearer \(try await token(tokenRequest(bearer, authorizer), for: authorizer.endpoint.base).value)"
            } catch { failure = error }
        }
        if authorizer.challenges.contains(where: { $0.scheme == "basic" }) {
            if let credentials = authorizer.access.credentials { return Self.basic(credentials) }
            failure = failure ?? .noBasicCredentials
        }
        if let failure { throw failure }
        return nil
    }

    static func basic(_ credentials: Credentials) -> String {
        "Basic " + Data("\(credentials.username):\(credentials.password)".utf8).base64EncodedString()
    }

    func tokenRequest(_ challenge: AuthChallenge, _ authorizer: Authorizer) throws(RegistryError) -> TokenRequest {
        guard let realm = challenge.parameters["realm"], !realm.isEmpty else { throw .noTokenRealm }
        let address = try RealmPolicy.address(realm, insecure: authorizer.access.insecure)
        var credentials = authorizer.access.credentials
        let registryHost = authorizer.endpoint.base.host
        if credentials != nil,
            !RealmPolicy.mayReceiveCredentials(
                address, registryHost: registryHost, trusted: configuration.trustedTokenHosts)
        {
            logger.warning(
                "the registry names a token server elsewhere, which gets no credentials",
                metadata: ["registry": "\(registryHost)", "realm": "\(address.host)"])
            credentials = nil
        }
        var scopes = authorizer.scopes
        if authorizer.prefersChallengeScope, let scope = challenge.parameters["scope"], !scope.isEmpty {
            scopes = scope.split(separator: " ").map(String.init)
        }
        return TokenRequest(
            realm: address, service: challenge.parameters["service"], scopes: scopes, credentials: credentials,
            insecure: authorizer.access.insecure)
    }

    /// A token that is good for a while; one fetch at a time for equal requests. Failures are not remembered.
    /// - Parameter registry: which names the token server.
    private func token(_ request: TokenRequest, for registry: WebAddress) async throws(RegistryError) -> BearerToken {
        while true {
            let outcome = await tokens.outcome(of: request) {
                do throws(RegistryError) { return .success(try await self.fetchToken(request, for: registry)) } catch {
                    return .failure(error)
                }
            }
            switch outcome {
            case .success(let token) where token.expires > .now: return token
            case .success: tokens.forget(request)
            case .failure(let error):
                tokens.forget(request)
                throw error
            }
        }
    }

    private func fetchToken(_ request: TokenRequest, for registry: WebAddress) async throws(RegistryError)
        -> BearerToken
    {
        let home = request.realm.origin
        let reply = try await follow(
            HTTPCall(
                url: request.url, maxBody: configuration.maxTokenBytes, what: "token response",
                timeout: configuration.tokenTimeout, insecure: request.insecure),
            namedBy: registry
        ) { url in
            url.origin == home ? request.credentials.map(Self.basic) : nil
        }
        guard reply.isSuccess else { throw ErrorDocument.error(of: reply) }
        return try BearerToken(parsing: reply.body, now: .now)
    }
}
