import Configuration
import Foundation
import Registry
import RegistryClient

/// How the registry behaves where people may choose.
public struct RegistrySettings: Sendable {
    public var registry = RegistryConfiguration()
    /// Whether what streams name elsewhere is served.
    public var pullsThrough = true
    /// Whether it is kept.
    public var mirrors = true
    /// Bytes of the largest blob that is kept; nil for any.
    public var maximumMirrorBytes: Int64?
    /// Bytes that all unfinished uploads may take together; nil for as many as the disk has (spec/registry.md W-5).
    public var maximumStagedBytes: Int64?
    /// Whether registries of the internet may send requests to private networks (spec/registry.md PT-7).
    public var allowsPrivateRedirects = false
    /// Certificate authorities that other registries may have besides the system's.
    public var trust: TrustDirectory?
    /// The proxies that other registries are asked through.
    public var proxies = ProxyRules.direct

    /// How other registries are talked to.
    var client: RegistryClientConfiguration {
        var client = RegistryClientConfiguration()
        client.allowsPrivateRedirects = allowsPrivateRedirects
        client.trust = trust
        client.proxies = proxies
        return client
    }

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
        // A word that is none must not pass for the default.
        func flag(_ key: ConfigKey, _ name: String, default: Bool) throws -> Bool {
            if let value = reader.bool(forKey: key) { return value }
            if let text = reader.string(forKey: key), !text.isEmpty {
                throw WeirConfiguration.Invalid(description: "\(name) must be true or false, not \"\(text)\"")
            }
            return `default`
        }
        registry.isReadOnly = try flag("registryReadOnly", "registry-read-only", default: false)
        registry.allowsDeletion = try flag("registryDeletion", "registry-deletion", default: true)
        registry.deletionOfUsedManifests =
            try choice("registryDeleteUsed", "registry-delete-used", "cascade", "refuse") ? .cascade : .refuse
        registry.deniedStatus =
            try choice("registryDeniedStatus", "registry-denied-status", "403", "401") ? .forbidden : .unauthorized
        registry.isCatalogForAdministratorsOnly =
            try !choice("registryCatalog", "registry-catalog", "visible", "administrators")
        registry.mountsWithoutSource = try flag(
            "registryMountWithoutSource", "registry-mount-without-source", default: true)
        registry.nestedNames =
            try choice("registryNestedNames", "registry-nested-names", "refuse", "flatten") ? .refuse : .flatten
        func origin(_ key: ConfigKey, _ name: String) throws -> String? {
            guard let text = reader.string(forKey: key), !text.isEmpty else { return nil }
            guard text.hasPrefix("https://") || text.hasPrefix("http://"), text.split(separator: "/").count == 2 else {
                throw WeirConfiguration.Invalid(description: "\(name) must be SCHEME://HOST[:PORT], not \"\(text)\"")
            }
            return text.hasSuffix("/") ? String(text.dropLast()) : text
        }
        registry.tokenRealm = try origin("registryTokenRealm", "registry-token-realm")
        registry.address.configured = try origin("registryURL", "registry-url")
        registry.address.isRelative = try flag(
            "registryRelativeReferences", "registry-relative-references", default: true)
        registry.address.trustedProxies = try reader.stringArray(forKey: "registryTrustedProxies", default: []).map {
            guard let range = AddressRange($0) else {
                throw WeirConfiguration.Invalid(
                    description: "registry-trusted-proxy must be an address or ADDRESS/BITS, not \"\($0)\"")
            }
            return range
        }
        func number(_ key: ConfigKey, _ name: String, _ range: ClosedRange<Int>, default standard: Int) throws -> Int {
            let value = reader.int(forKey: key, default: standard)
            guard range.contains(value) else {
                throw WeirConfiguration.Invalid(
                    description: "\(name) must be \(range.lowerBound) to \(range.upperBound), not \(value)")
            }
            return value
        }
        registry.limits.reads = try number("registryMaxReads", "registry-max-reads", 0...1_000_000, default: 0)
        registry.limits.writes = try number("registryMaxWrites", "registry-max-writes", 0...1_000_000, default: 0)
        registry.limits.waiting = try number(
            "registryMaxWaiting", "registry-max-waiting", 0...1_000_000, default: registry.limits.waiting)
        registry.limits.patience = .seconds(
            try number("registryMaxWaitSeconds", "registry-max-wait-seconds", 1...3_600, default: 60))
        registry.maximumUploadsPerUser = try number(
            "registryMaxUploadsPerUser", "registry-max-uploads-per-user", 0...1_000_000,
            default: registry.maximumUploadsPerUser)
        registry.maximumUploadsPerNamespace = try number(
            "registryMaxUploadsPerNamespace", "registry-max-uploads-per-namespace", 0...1_000_000,
            default: registry.maximumUploadsPerNamespace)
        registry.maximumUntaggedManifests = try number(
            "registryMaxUntaggedManifests", "registry-max-untagged-manifests", 0...100_000_000,
            default: registry.maximumUntaggedManifests)
        registry.mirroredHosts = try reader.stringArray(forKey: "registryMirroredHosts", default: []).map { text in
            guard let host = MirroredHost(text) else {
                throw WeirConfiguration.Invalid(
                    description: "registry-mirrored-host must be HOST[/PREFIX]=NAMESPACE, not \"\(text)\"")
            }
            return host
        }
        pullsThrough = try flag("registryPullThrough", "registry-pull-through", default: true)
        mirrors = try flag("registryMirror", "registry-mirror", default: true)
        if let file = reader.string(forKey: "upstreamCA"), !file.isEmpty {
            do { trust = try TrustDirectory(path: file) } catch {
                throw WeirConfiguration.Invalid(description: "upstream-ca: \(error)")
            }
        }
        do { proxies = try ProxyRules(environment: ProcessInfo.processInfo.environment) } catch {
            throw WeirConfiguration.Invalid(description: "\(error)")
        }
        allowsPrivateRedirects = try flag("privateRedirects", "private-redirects", default: false)
        func bytes(_ key: ConfigKey, _ name: String) throws -> Int64? {
            let value = reader.int(forKey: key, default: 0)
            guard value >= 0 else {
                throw WeirConfiguration.Invalid(
                    description: "\(name) must be a number of bytes, or 0 for no bound, not \(value)")
            }
            return value > 0 ? Int64(value) : nil
        }
        maximumStagedBytes = try bytes("registryMaxStagedBytes", "registry-max-staged-bytes")
        maximumMirrorBytes = try bytes("registryMaxMirrorBytes", "registry-max-mirror-bytes")
    }
}
