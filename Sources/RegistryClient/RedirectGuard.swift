/// Where a registry may send requests that it does not answer itself: to no place that it could not be in (spec/registry.md
/// PT-7). Otherwise whoever runs a registry could have this server ask things of hosts that only this server can reach.
struct RedirectGuard: Sendable {
    /// Whether registries of the internet may send requests to private networks.
    let allowsPrivate: Bool
    var proxies = ProxyRules.direct

    /// - Parameters:
    ///   - target: where a request is to go.
    ///   - home: who says so.
    /// - Returns: the addresses that it may go to, the best first; none for the host that said so itself, and for what
    ///   a proxy connects to. A name that only the proxy knows is the proxy's to judge.
    /// - Throws: `.refusedRedirect`, or that there is no such host.
    func addresses(of target: WebAddress, sentBy home: WebAddress) async throws(RegistryError) -> [HostAddress] {
        if target.host == home.host { return [] }
        let isProxied = proxies.proxy(for: target) != nil
        let found: [HostAddress]
        do { found = try await HostAddress.all(of: target.host) } catch {
            if isProxied { return [] }
            throw .network(
                method: "Get", url: "\(target)",
                NetworkFailure(.noSuchHost, "dial tcp: lookup \(target.host): no such host"))
        }
        let open = Self.some(of: found, upTo: allowsPrivate ? .privateNetwork : .internet)
        if !open.isEmpty { return isProxied ? [] : open }
        // Nobody but those who are there themselves. All addresses count: a name may have some for this purpose only.
        let own = (try? await HostAddress.all(of: home.host))?.map(\.scope).min() ?? .internet
        let near = Self.some(of: found, upTo: min(own, .loopback))
        if !near.isEmpty { return isProxied ? [] : near }
        throw .refusedRedirect(to: "\(target)", why: "its address is not one that \(home.host) may send requests to")
    }

    /// Addresses that are tried.
    private static let maximum = 4

    private static func some(of addresses: [HostAddress], upTo scope: AddressScope) -> [HostAddress] {
        Array(addresses.filter { $0.scope <= scope }.prefix(maximum))
    }
}
