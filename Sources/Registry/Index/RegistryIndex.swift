import APIMachinery
import APIServer
import OCI
import Store

/// What the registry knows of repositories and blobs: rows of the store, behind bounded caches.
///
/// Make it before the store starts: it registers caches. A read after a write of this process sees the write.
public final class RegistryIndex: Sendable {
    let store: Store
    public let locks = DigestLocks()
    public let touches = TouchLog()
    /// Milliseconds since 1970.
    let now: @Sendable () -> Int64

    private let repositories: RangeCache<RepositoryRecord?>
    private let layers: RangeCache<LayerLink?>
    private let manifests: RangeCache<ManifestRecord?>
    private let blobs: RangeCache<BlobRecord?>
    private let aliases: RangeCache<Digest?>

    public init(store: Store, now: @escaping @Sendable () -> Int64) {
        self.store = store
        self.now = now
        func cache<Value: Sendable>(
            _ prefix: String, megabytes: Int, _ decode: @escaping @Sendable ([UInt8]) -> Value
        ) -> RangeCache<Value> {
            store.cache(prefix: prefix, contents: .recent(bytes: megabytes << 20), ringCapacity: 1) {
                decode($0.value)
            }
        }
        repositories = cache(RepositoryRecord.prefix, megabytes: 1) { RepositoryRecord(decoding: $0) }
        layers = cache(RegistryKeys.layers, megabytes: 1) { LayerLink(decoding: $0) }
        manifests = cache(RegistryKeys.manifests, megabytes: 1) { ManifestRecord(decoding: $0) }
        blobs = cache(RegistryKeys.blobs, megabytes: 1) { BlobRecord(decoding: $0) }
        aliases = cache(RegistryKeys.aliases, megabytes: 1) { Digest(String(decoding: $0, as: UTF8.self)) }
    }

    // MARK: Reads

    /// The incarnation of a repository that was made in the namespace as it is now; nil where there is none.
    func repository(_ path: RepositoryPath, namespaceUID: String) async throws(StoreError) -> Incarnation? {
        guard let record = try await repositories.entry(for: RegistryKeys.repository(path))?.value,
            record.namespaceUID == namespaceUID
        else { return nil }
        return Incarnation(path: path, id: record.id)
    }

    func layer(_ digest: Digest, in id: String) async throws(StoreError) -> LayerLink? {
        try await layers.entry(for: RegistryKeys.layer(id, digest))?.value
    }

    /// The same with the revision at which it was written; 0 where there is none.
    func layerRow(
        _ digest: Digest, in id: String
    ) async throws(StoreError) -> (link: LayerLink?, revision: Int64) {
        let entry = try await layers.entry(for: RegistryKeys.layer(id, digest))
        return (entry?.value, entry?.modRevision ?? 0)
    }

    func manifest(_ digest: Digest, in id: String) async throws(StoreError) -> ManifestRecord? {
        try await manifests.entry(for: RegistryKeys.manifest(id, digest))?.value
    }

    /// A blob that is held here.
    /// - Parameter canonical: its sha256 digest.
    public func blob(_ canonical: Digest) async throws(StoreError) -> BlobRecord? {
        try await blobs.entry(for: RegistryKeys.blob(canonical))?.value
    }

    /// The sha256 digest of content that is known by another one; nil where that is not known.
    public func canonical(_ digest: Digest) async throws(StoreError) -> Digest? {
        if digest.algorithm == .sha256 { return digest }
        return try await aliases.entry(for: RegistryKeys.alias(digest))?.value
    }

    /// The row of a blob with the revision that a conditional write of it needs; revision 0 where there is none.
    func blobRow(_ canonical: Digest) async throws(StoreError) -> (record: BlobRecord?, revision: Int64) {
        let entry = try await blobs.entry(for: RegistryKeys.blob(canonical))
        return (entry?.value, entry?.modRevision ?? 0)
    }

    /// The record of a manifest, and what must hold for it to be the one that is there still: whoever replaces it has seen
    /// what came before, so that its place among the referrers is never lost or taken twice.
    func manifestRow(
        _ digest: Digest, in id: String
    ) async throws(StoreError) -> (record: ManifestRecord?, isCurrent: Condition) {
        let (record, revision) = try await manifestRevision(digest, in: id)
        return (record, .modRevision(of: RegistryKeys.manifest(id, digest), equals: revision))
    }

    /// The record of a manifest with the revision at which it was written; 0 where there is none.
    func manifestRevision(
        _ digest: Digest, in id: String
    ) async throws(StoreError) -> (record: ManifestRecord?, revision: Int64) {
        let entry = try await manifests.entry(for: RegistryKeys.manifest(id, digest))
        return (entry?.value, entry?.modRevision ?? 0)
    }

    // MARK: Repositories

    /// The incarnation of a repository, which is made where there is none.
    func openRepository(_ path: RepositoryPath, namespaceUID: String) async throws(StoreError) -> Incarnation {
        let key = RegistryKeys.repository(path)
        while true {
            let entry = try await repositories.entry(for: key)
            if let record = entry?.value, record.namespaceUID == namespaceUID {
                return Incarnation(path: path, id: record.id)
            }
            let fresh = RepositoryRecord(id: UUID4.random(), namespaceUID: namespaceUID, created: now())
            do throws(StoreError) {
                _ = try await store.commit(
                    Transaction(
                        conditions: [.modRevision(of: key, equals: entry?.modRevision ?? 0)],
                        mutations: [.put(key: key, value: fresh.encoded)]))
                return Incarnation(path: path, id: fresh.id)
            } catch {
                guard case .conflict = error else { throw error }
            }
        }
    }

    /// Holds while a repository is the one that was found: its stream was not deleted.
    /// - Throws: 409 where it is another one by now.
    func condition(on repository: Incarnation) async throws -> Condition {
        let key = RegistryKeys.repository(repository.path)
        guard let entry = try await repositories.entry(for: key), entry.value?.id == repository.id else {
            throw RegistryError.unknown("the repository was deleted meanwhile", status: 409)
        }
        return .modRevision(of: key, equals: entry.modRevision)
    }

    /// Holds while a repository is the one that was found, and what it says of a blob is what it says now: for what was
    /// fetched for it (spec/registry.md E-7).
    /// - Returns: nil where it is another one by now, or the blob was deleted in it (E-5).
    func conditions(
        onFetched canonical: Digest, in repository: Incarnation
    ) async throws(StoreError) -> [Condition]? {
        let (home, link) = (RegistryKeys.repository(repository.path), RegistryKeys.layer(repository.id, canonical))
        let known = try await layers.entry(for: link)
        guard let entry = try await repositories.entry(for: home), entry.value?.id == repository.id,
            known?.value?.isDeleted != true
        else { return nil }
        return [
            .modRevision(of: home, equals: entry.modRevision), .modRevision(of: link, equals: known?.modRevision ?? 0),
        ]
    }

    // MARK: Touches

    /// Notes that a blob was reported to a client.
    func touch(_ canonical: Digest, _ record: BlobRecord) {
        touches.touch(RegistryKeys.blob(canonical), known: record.touched, now: now())
    }

    func touch(_ digest: Digest, _ link: LayerLink, in id: String) {
        touches.touch(RegistryKeys.layer(id, digest), known: link.touched, now: now())
    }

    func touch(_ digest: Digest, _ record: ManifestRecord, in id: String) {
        touches.touch(RegistryKeys.manifest(id, digest), known: record.touched, now: now())
    }
}
