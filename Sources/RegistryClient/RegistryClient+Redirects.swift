extension RegistryClient {
    /// Sends `call` and follows redirects, at most `maxRedirects`, never from https to http (G.6), nor to where the one who
    /// says so may not send anybody (PT-7).
    ///
    /// `authorize` decides anew for each hop which Authorization header goes along; nothing else that was secret is
    /// ever repeated. Cookies are neither kept nor sent.
    ///
    /// - Parameter home: who names the URL of `call`; nil for whoever is asked.
    func follow(
        _ call: HTTPCall, namedBy home: WebAddress? = nil,
        authorize: @Sendable (WebAddress) async throws(RegistryError) -> String? = { _ in nil }
    ) async throws(RegistryError) -> HTTPReply {
        let clock = ContinuousClock()
        let deadline = clock.now + call.timeout
        let home = home ?? call.url
        let guardian = RedirectGuard(
            allowsPrivate: configuration.allowsPrivateRedirects, proxies: configuration.proxies)
        var hop = call
        for _ in 0...configuration.maxRedirects {
            hop.headers = call.headers
            if let value = try await authorize(hop.url) { hop.headers.append(("Authorization", value)) }
            hop.addresses = try await guardian.addresses(of: hop.url, sentBy: home)
            hop.timeout = max(.zero, deadline - clock.now)
            let reply = try await transport.perform(hop)
            guard [301, 302, 303, 307, 308].contains(reply.status),
                let location = reply.headers.first(name: "location")
            else { return reply }
            guard let target = hop.url.resolving(location) else {
                throw .refusedRedirect(to: String(location.prefix(500)), why: "no http or https URL")
            }
            guard hop.url.scheme == "http" || target.scheme == "https" else {
                throw .refusedRedirect(to: "\(target)", why: "it leaves https")
            }
            hop.url = target
        }
        throw .tooManyRedirects(configuration.maxRedirects)
    }
}
