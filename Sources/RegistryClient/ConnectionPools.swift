import AsyncHTTPClient
import NIOCore
import NIOSSL

/// The connections for one purpose: a pool that verifies certificates and one that does not, and of each kind those to
/// addresses that were looked at and those through proxies.
struct ConnectionPools: Sendable {
    private struct Route: Hashable {
        let proxy: ProxyRules.Proxy
        let isInsecure: Bool
    }

    private let secure: HTTPClient
    private let insecure: HTTPClient
    private let pinnedSecure: PinnedClients
    private let pinnedInsecure: PinnedClients
    private let proxied: [Route: HTTPClient]
    private let proxies: ProxyRules

    /// - Parameter perHost: connections to one host that speaks HTTP/1.1; further requests wait for one.
    init(_ settings: RegistryClientConfiguration, perHost: Int) {
        proxies = settings.proxies
        var trusting = TLSConfiguration.makeClientConfiguration()
        trusting.certificateVerification = .none
        let secure = Self.configuration(.makeClientConfiguration(), settings, perHost)
        let insecure = Self.configuration(trusting, settings, perHost)
        self.secure = HTTPClient(eventLoopGroupProvider: .singleton, configuration: secure)
        self.insecure = HTTPClient(eventLoopGroupProvider: .singleton, configuration: insecure)
        pinnedSecure = PinnedClients(secure)
        pinnedInsecure = PinnedClients(insecure)
        var proxied: [Route: HTTPClient] = [:]
        for proxy in settings.proxies.proxies {
            for (isInsecure, direct) in [(false, secure), (true, insecure)] {
                var configuration = direct
                configuration.proxy = proxy.setting
                proxied[Route(proxy: proxy, isInsecure: isInsecure)] = HTTPClient(
                    eventLoopGroupProvider: .singleton, configuration: configuration)
            }
        }
        self.proxied = proxied
    }

    private static func configuration(
        _ tls: TLSConfiguration, _ settings: RegistryClientConfiguration, _ perHost: Int
    ) -> HTTPClient.Configuration {
        // Redirects are followed by RegistryClient, which knows where credentials may go. Bodies stay as they are sent:
        // no Accept-Encoding goes out, so digests are computed of what was stored.
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow, decompression: .disabled)
        configuration.timeout.connect = TimeAmount(settings.connectTimeout)
        configuration.timeout.read = TimeAmount(settings.stallTimeout)
        // The pool's own retries would hide a refused connection until the time is over.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = perHost
        return configuration
    }

    /// The one that a call takes where it goes to whatever the name of its host means.
    func client(for call: HTTPCall) -> HTTPClient {
        if let proxy = proxies.proxy(for: call.url),
            let client = proxied[Route(proxy: proxy, isInsecure: call.insecure)]
        {
            return client
        }
        return call.insecure ? insecure : secure
    }

    /// Those that a call takes to an address.
    func pinned(for call: HTTPCall) -> PinnedClients { call.insecure ? pinnedInsecure : pinnedSecure }

    /// Closes all connections; running requests fail.
    func shutdown() async {
        try? await secure.shutdown()
        try? await insecure.shutdown()
        for client in proxied.values { try? await client.shutdown() }
        await pinnedSecure.shutdown()
        await pinnedInsecure.shutdown()
    }
}

extension ProxyRules.Proxy {
    fileprivate var setting: HTTPClient.Configuration.Proxy {
        switch kind {
        case .http(let credentials):
            .server(
                host: host, port: port,
                authorization: credentials.map { .basic(username: $0.username, password: $0.password) })
        case .socks: .socksServer(host: host, port: port)
        }
    }
}
