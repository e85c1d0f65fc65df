import OCI

/// A request for something of a repository.
struct RegistryCall: Sendable {
    var method = "GET"
    let repository: RepositoryName
    /// Below `/v2/<name>/`, `manifests/latest`; or a whole URL for further pages.
    var path: String
    var page: WebAddress?
    var accept: [String] = []
    /// What the caller has already: the answer may be 304 then.
    var known: ContentValidators?
    var isStreamed = false
    /// Bytes of a blob, if not all are wanted.
    var range: Range<Int64>?
    var maxBody: Int
    var what: String
    let access: RegistryAccess

    var scope: String { "repository:\(repository.path):pull" }
}

extension RegistryClient {
    /// Sends `call` with authentication, redirects and retries; returns only 2xx answers, and 304 to who knows something.
    ///
    /// Tried again, at most `maxRetries` times and within `requestTimeout` in all, is what may pass: 429, 502, 503, 504
    /// and time-outs (A.12). Waiting for a turn at the registry does not count, and nobody's turn is taken by a pause.
    func send(_ call: RegistryCall) async throws(RegistryError) -> HTTPReply {
        let clock = ContinuousClock()
        var left = requestTimeout
        let policy = RetryPolicy(
            maxRetries: configuration.maxRetries, base: configuration.retryBase,
            maxRetryAfter: configuration.maxRetryAfter)
        var attempt = 0
        while true {
            do {
                return try await limited(call.repository.apiHost) { () async throws(RegistryError) in
                    let began = clock.now
                    defer { left -= clock.now - began }
                    return try await self.sendOnce(call, timeout: left)
                }
            } catch {
                // Work that nobody waits for comes back when the registry wants it.
                if isBackground, error.status == 429 { throw error }
                guard
                    let pause = policy.pause(after: error, attempt: attempt, jitter: Double.random(in: 0...1)),
                    pause < left, !Task.isCancelled
                else { throw error }
                logger.debug(
                    "the registry will be asked again",
                    metadata: ["repository": "\(call.repository)", "pause": "\(pause)", "error": "\(error.text)"])
                attempt += 1
                left -= pause
                do { try await Task.sleep(for: pause) } catch { throw Self.cancelled(call) }
            }
        }
    }

    private func limited<Value>(
        _ host: String, _ operation: () async throws(RegistryError) -> Value
    ) async throws(RegistryError) -> Value {
        guard let limiter else { return try await operation() }
        return try await limiter.run(host, operation)
    }

    /// - Throws: what a registry would answer that has said it takes nothing before a time, where nobody waits for it.
    private func checkRefusal(_ call: RegistryCall) throws(RegistryError) {
        guard isBackground,
            let left = transport.budgets.refusal(
                host: call.repository.apiHost, account: call.access.credentials?.username)
        else { return }
        throw .registry(status: 429, [RegistryErrorEntry(code: "TOOMANYREQUESTS")], retryAfter: left)
    }

    /// Says where the request comes from, so that registries that ask each other in a circle notice (PT-29).
    private func addTrace(to call: inout HTTPCall) throws(RegistryError) {
        guard !trace.isEmpty else { return }
        guard !trace.contains("\(call.url)") else { throw .loop(url: "\(call.url)") }
        for url in trace + ["\(call.url)"] { call.headers.append((RegistryClient.traceHeader, url)) }
    }

    private static func cancelled(_ call: RegistryCall) -> RegistryError {
        .network(method: "Get", url: call.path, NetworkFailure(.other, "context canceled"))
    }

    private func sendOnce(_ call: RegistryCall, timeout: Duration) async throws(RegistryError) -> HTTPReply {
        let clock = ContinuousClock()
        let deadline = clock.now + timeout
        let key = EndpointKey(host: call.repository.apiHost, insecure: call.access.insecure)
        let endpoint = try await endpoint(key, within: timeout)
        try checkRefusal(call)
        let url = call.page ?? endpoint.url("/v2/\(call.repository.path)/\(call.path)")
        if isBackground, let answer = transport.closedPaths.answer(from: url) { throw answer }
        var http = HTTPCall(
            method: call.method, url: url,
            headers: call.accept.map { ("Accept", $0) } + (call.known?.headers ?? []), maxBody: call.maxBody,
            what: call.what, timeout: max(.zero, deadline - clock.now), insecure: call.access.insecure,
            isStreamed: call.isStreamed)
        if let range = call.range {
            http.headers.append(("Range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"))
        }
        try addTrace(to: &http)
        let authorizer = Authorizer(endpoint: endpoint, scope: call.scope, access: call.access)
        var reply = try await authorized(http, authorizer)
        if reply.status == 401, let second = await secondAuthorizer(authorizer, after: reply) {
            http.timeout = max(.zero, deadline - clock.now)
            reply = try await authorized(http, second)
        }
        if reply.url.origin == endpoint.base.origin {
            transport.budgets.observe(
                host: call.repository.apiHost, account: call.access.credentials?.username,
                RateLimitHeaders(status: reply.status, reply.headers))
        }
        guard reply.isSuccess || reply.isUnchanged(call.known) else {
            let error = ErrorDocument.error(of: reply)
            transport.closedPaths.observe(error, from: url)
            throw error
        }
        return reply
    }

    /// Errors met while authenticating are told apart from those of the request by being wrapped (G.9).
    private func authorized(_ call: HTTPCall, _ authorizer: Authorizer) async throws(RegistryError) -> HTTPReply {
        try await follow(call) { (url) async throws(RegistryError) -> String? in
            do throws(RegistryError) {
                return try await self.authorization(authorizer, for: url)
            } catch {
                throw .authenticating(method: call.verb, url: "\(url)", error)
            }
        }
    }

    /// What to try once more after a 401: the challenge that came with it, if it asks for anything that can be given.
    /// The token that was refused is not used again.
    private func secondAuthorizer(_ first: Authorizer, after reply: HTTPReply) async -> Authorizer? {
        guard reply.url.origin == first.endpoint.base.origin else { return nil }
        if let bearer = first.challenges.first(where: { $0.scheme == "bearer" }),
            let request = try? tokenRequest(bearer, first)
        {
            tokens.forget(request)
        }
        let challenges = AuthChallenge.parse(reply.headers["www-authenticate"])
        let second = Authorizer(first, challenges: challenges)
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
            guard let request = try? tokenRequest(bearer, second) else { return nil }
            tokens.forget(request)
            return second
        }
        let asksForBasic = challenges.contains { $0.scheme == "basic" }
        let basicWasSent = first.challenges.contains { $0.scheme == "basic" } && first.applies(to: reply.url)
        return asksForBasic && !basicWasSent && first.access.credentials != nil ? second : nil
    }
}
