import Blobs
import Registry

extension WeirConfiguration {
    /// The registry's configuration with the names under which it is known.
    var namedRegistry: RegistryConfiguration {
        var registry = registry.registry
        let address = (registryListen ?? listen).reachable
        registry.hostname = internalRegistryHostname.isEmpty ? address.description : internalRegistryHostname
        registry.hosts = Set(
            [registry.hostname, internalRegistryHostname, publicRegistryHostname].filter { !$0.isEmpty })
        if registry.tokenRealm == nil { registry.tokenRealm = authentication.publicURL }
        registry.grace = collection.grace
        return registry
    }
}

extension WeirConfiguration.Address {
    /// An address a client on this machine can use.
    var reachable: WeirConfiguration.Address {
        var reachable = self
        if host == "0.0.0.0" { reachable.host = "127.0.0.1" }
        if host == "::" { reachable.host = "::1" }
        return reachable
    }
}

extension RegistrySettings {
    /// How the blobs of a data directory are kept.
    func files(in directory: DataDirectory) -> FileBlobStore.Configuration {
        var files = FileBlobStore.Configuration(root: directory.registryPath)
        files.maximumStagedBytes = maximumStagedBytes
        files.holders = UploadRecord.holders
        return files
    }
}
