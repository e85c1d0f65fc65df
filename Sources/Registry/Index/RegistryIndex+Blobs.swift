import Blobs
import OCI
import Store

/// What the row of a manifest's bytes knows of it.
struct ManifestFacts: Hashable, Sendable {
    var mediaType: String
    /// What it names that is not to be seen through it; nil where it was not pushed but fetched.
    var unvouched: [Digest]?
}

extension RegistryIndex {
    /// Bytes that have just been made durable: they become a blob, and a part of a repository, in one transaction.
    ///
    /// Call it with the lock of the canonical digest held since before the bytes were published.
    /// - Parameters:
    ///   - name: the digest clients know it by.
    ///   - repository: nil for what belongs to none by itself. To that of a manifest, which a record of its own links, it
    ///     gets no link.
    ///   - isMirrored: it was fetched, not pushed. It becomes a part of no repository that has gone meanwhile.
    ///   - upload: the one that ends with it.
    ///   - manifest: for a manifest, what its row says besides.
    func publish(
        _ canonical: Digest, size: Int64, as name: Digest, in repository: Incarnation?,
        isMirrored: Bool = false, upload: UploadID? = nil, manifest: ManifestFacts? = nil
    ) async throws(StoreError) {
        while true {
            let (blob, revision) = try await blobRow(canonical)
            let time = now()
            var record = blob ?? BlobRecord(size: size, created: time, touched: time)
            if record.condemned != nil || time - record.touched > TouchLog.granularity { record.touched = time }
            record.condemned = nil
            record.isHidden = false
            if let manifest {
                // The first one stays: others who push the same bytes as something else must not change what it is here.
                if record.mediaType.isEmpty { record.mediaType = manifest.mediaType }
                if let unvouched = manifest.unvouched { record.vouch(except: unvouched) }
            }
            var conditions: [Condition] = [.modRevision(of: RegistryKeys.blob(canonical), equals: revision)]
            var repository = repository
            if isMirrored, let home = repository {
                let isCurrent = try await self.conditions(onFetched: canonical, in: home)
                conditions += isCurrent ?? []
                if isCurrent == nil { repository = nil }
            }
            if let path = repository?.path, !record.repositories.contains(path) {
                record.repositories = [path] + record.repositories.prefix(BlobRecord.maximumRepositories - 1)
            }
            var mutations: [Mutation] = []
            if record != blob { mutations.append(.put(key: RegistryKeys.blob(canonical), value: record.encoded)) }
            if name != canonical {
                mutations.append(.put(key: RegistryKeys.alias(name), value: Array(canonical.description.utf8)))
            }
            if let id = repository?.id, manifest == nil {
                var link = LayerLink(size: record.size, touched: time)
                let known = try await layer(canonical, in: id)
                if let known, time - known.touched < LayerLink.uploadMemory { link.uploads = known.uploads }
                if let upload {
                    link.uploads = [upload.description] + link.uploads.prefix(LayerLink.maximumUploads - 1)
                }
                // What was pushed here stays so.
                if isMirrored { link.isMirrored = known?.isCharged != true }
                mutations.append(.put(key: RegistryKeys.layer(id, canonical), value: link.encoded))
            }
            if mutations.isEmpty { return }
            do throws(StoreError) {
                _ = try await store.commit(
                    Transaction(conditions: conditions, mutations: mutations))
                return
            } catch {
                guard case .conflict = error else { throw error }
            }
        }
    }

    /// Makes a blob that is here a part of one more repository.
    /// - Parameter isMirrored: it was fetched for that, not pushed or mounted.
    /// - Returns: false where it is not here any more.
    func link(
        _ canonical: Digest, into repository: Incarnation, isMirrored: Bool = false
    ) async throws(StoreError) -> Bool {
        try await locks.withLock(canonical) { () throws(StoreError) -> Bool in
            guard let record = try await blob(canonical) else { return false }
            try await publish(canonical, size: record.size, as: canonical, in: repository, isMirrored: isMirrored)
            return true
        }
    }

    /// A blob is used again that the collector had given up: it stays.
    /// - Returns: false where it is gone.
    func revive(_ canonical: Digest) async throws(StoreError) -> Bool {
        guard let record = try await blob(canonical) else { return false }
        guard record.condemned != nil else { return true }
        return try await locks.withLock(canonical) { () throws(StoreError) -> Bool in
            guard let record = try await blob(canonical) else { return false }
            try await publish(canonical, size: record.size, as: canonical, in: nil)
            return true
        }
    }

    /// Takes a blob out of one repository, for good: also its images there do not show it any more.
    func unlink(_ canonical: Digest, size: Int64, from id: String) async throws(StoreError) {
        let tombstone = LayerLink(size: size, touched: now(), isDeleted: true)
        _ = try await store.commit(
            Transaction(mutations: [.put(key: RegistryKeys.layer(id, canonical), value: tombstone.encoded)]))
    }
}
