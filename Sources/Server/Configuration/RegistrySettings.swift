import Configuration
import Registry

/// How the registry behaves where people may choose.
public struct RegistrySettings: Sendable {
    public var registry = RegistryConfiguration()
    /// Whether what streams name elsewhere is served.
    public var pullsThrough = true
    /// Whether it is kept.
    public var mirrors = true

    /// - Throws: `WeirConfiguration.Invalid` for a value that makes no sense.
    init(_ reader: ConfigReader) throws {
        func choice(_ key: ConfigKey, _ name: String, _ first: String, _ second: String) throws -> Bool {
            switch reader.string(forKey: key, default: first) {
            case first: return true
            case second: return false
            case let other:
                throw WeirConfiguration.Invalid(
                    description: "\(name) must be \(first) or \(second), not \"\(other)\"")
            }
        }
        registry.isReadOnly = reader.bool(forKey: "registryReadOnly", default: false)
        registry.allowsDeletion = reader.bool(forKey: "registryDeletion", default: true)
        registry.deletionOfUsedManifests =
            try choice("registryDeleteUsed", "registry-delete-used", "cascade", "refuse") ? .cascade : .refuse
        registry.deniedStatus =
            try choice("registryDeniedStatus", "registry-denied-status", "403", "401") ? .forbidden : .unauthorized
        registry.isCatalogForAdministratorsOnly =
            try !choice("registryCatalog", "registry-catalog", "visible", "administrators")
        registry.mountsWithoutSource = reader.bool(forKey: "registryMountWithoutSource", default: true)
        if let realm = reader.string(forKey: "registryTokenRealm"), !realm.isEmpty {
            guard realm.hasPrefix("https://") || realm.hasPrefix("http://"), realm.split(separator: "/").count == 2
            else {
                throw WeirConfiguration.Invalid(
                    description: "registry-token-realm must be SCHEME://HOST[:PORT], not \"\(realm)\"")
            }
            registry.tokenRealm = realm.hasSuffix("/") ? String(realm.dropLast()) : realm
        }
        pullsThrough = reader.bool(forKey: "registryPullThrough", default: true)
        mirrors = reader.bool(forKey: "registryMirror", default: true)
    }
}
