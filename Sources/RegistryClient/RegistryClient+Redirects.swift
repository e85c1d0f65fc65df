extension RegistryClient {
    /// Sends `call` and follows redirects, at most `maxRedirects`, never from https to http (G.6).
    ///
    /// `authorize` decides anew for each hop which Authorization header goes along; nothing else that was secret is
    /// ever repeated. Cookies are neither kept nor sent.
    func follow(
        _ call: HTTPCall, authorize: @Sendable (WebAddress) async throws(RegistryError) -> String? = { _ in nil }
    ) async throws(RegistryError) -> HTTPReply {
        let clock = ContinuousClock()
        let deadline = clock.now + call.timeout
        var hop = call
        for _ in 0...configuration.maxRedirects {
            hop.headers = call.headers
            if let value = try await authorize(hop.url) { hop.headers.append(("Authorization", value)) }
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
