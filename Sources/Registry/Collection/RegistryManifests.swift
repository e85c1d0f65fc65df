import APIServer
import ImageStreams
import OCI
import Store

/// The manifests that the registry keeps in repositories, for retention: what belongs to one stays as long as it does.
public struct RegistryManifests: UntaggedManifests {
    private let index: RegistryIndex
    private let namespaces: any NamespaceLookup

    public init(index: RegistryIndex, namespaces: any NamespaceLookup) {
        self.index = index
        self.namespaces = namespaces
    }

    /// All that were pushed and not deleted since; those with a tag are among them.
    public func digests(namespace: String, stream: String) async throws -> Set<String> {
        let path = RepositoryPath(namespace: namespace, stream: stream)
        guard let uid = try await namespaces.uid(of: namespace),
            let id = try await index.repository(path, namespaceUID: uid)?.id
        else { return [] }
        let prefix = RegistryKeys.manifests(of: id)
        var digests = Set<String>()
        try await index.store.forEachPage(.prefix(prefix), limit: 1_000) { rows in
            for row in rows where ManifestRecord(decoding: row.value)?.isDeleted == false {
                digests.insert(String(row.key.dropFirst(prefix.count)))
            }
        }
        return digests
    }
}
