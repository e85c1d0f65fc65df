/// Whether a token server named by a registry may see the user's password (G.4, the safer rule).
enum RealmPolicy {
    /// The realm as an address that may be asked at all: https, or http when the import is insecure.
    static func address(_ realm: String, insecure: Bool) throws(RegistryError) -> WebAddress {
        guard let address = WebAddress(realm), address.scheme == "https" || insecure else {
            throw .refusedTokenRealm(realm)
        }
        return address
    }

    /// The registry's own host, a parent domain of it with at least two labels, or a known pair.
    static func mayReceiveCredentials(
        _ realm: WebAddress, registryHost: String, trusted: [String: Set<String>]
    ) -> Bool {
        if realm.host == registryHost || trusted[registryHost]?.contains(realm.host) == true { return true }
        let isAddress = registryHost.hasPrefix("[") || registryHost.utf8.allSatisfy { "0123456789.".utf8.contains($0) }
        return !isAddress && realm.host.contains(".") && registryHost.hasSuffix("." + realm.host)
    }
}
