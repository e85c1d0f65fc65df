extension RegistryClient {
    /// Asks whether a registry answers at `host` (host and perhaps port), G.2.
    ///
    /// The answer, also a failure, is remembered. HTTPS is tried first; with `insecure` plain HTTP is tried when that
    /// gives no answer at all (A.11). An HTTPS server that answers is never downgraded.
    public func ping(host: String, insecure: Bool) async throws(RegistryError) {
        _ = try await endpoint(EndpointKey(host: host, insecure: insecure))
    }

    func endpoint(_ key: EndpointKey) async throws(RegistryError) -> Endpoint {
        try await endpoints.outcome(of: key) {
            do throws(RegistryError) { return .success(try await self.probe(key)) } catch { return .failure(error) }
        }.get()
    }

    /// The same for somebody who does not wait longer than `limit`. The answer may still be of use to others.
    func endpoint(_ key: EndpointKey, within limit: Duration) async throws(RegistryError) -> Endpoint {
        let outcome: Result<Endpoint, RegistryError>? = await withDeadline(limit) {
            do throws(RegistryError) { return .success(try await self.endpoint(key)) } catch { return .failure(error) }
        }
        guard let outcome else { throw .network(method: "Get", url: "https://\(key.host)/v2/", .timedOut) }
        return try outcome.get()
    }

    private func probe(_ key: EndpointKey) async throws(RegistryError) -> Endpoint {
        do {
            return try await probe(key, scheme: "https")
        } catch {
            guard key.insecure, case .network = error else { throw error }
            logger.debug("no answer over https, trying http", metadata: ["registry": "\(key.host)"])
            return try await probe(key, scheme: "http")
        }
    }

    private func probe(_ key: EndpointKey, scheme: String) async throws(RegistryError) -> Endpoint {
        guard let base = WebAddress("\(scheme)://\(key.host)/") else {
            throw .invalidAnswer("\"\(key.host)\" is no registry host")
        }
        let url = WebAddress(scheme: base.scheme, host: base.host, port: base.port, target: "/v2/")
        let reply = try await follow(
            HTTPCall(
                url: url, maxBody: configuration.maxTokenBytes, what: "answer to the ping",
                timeout: pingTimeout, insecure: key.insecure))
        let isRegistry =
            reply.headers.first(name: "docker-distribution-api-version") != nil || reply.isSuccess
            || reply.status == 401 || reply.status == 403
        guard isRegistry else {
            throw .unsupportedEndpoint(
                endpoint: "\(scheme)://\(key.host)", status: reply.status, statusLine: reply.statusLine,
                retryAfter: ErrorDocument.error(of: reply).retryAfter)
        }
        let challenges = reply.status == 401 ? AuthChallenge.parse(reply.headers["www-authenticate"]) : []
        return Endpoint(
            base: base, challenges: challenges, challengeOrigin: reply.url.origin,
            supportsSignatures: reply.headers.first(name: "x-registry-supports-signatures") == "1")
    }
}
