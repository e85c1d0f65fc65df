import JSON
import OCI
import Store

extension RegistryIndex {
    /// The rows that make a manifest a part of a repository. Its bytes are a blob by then.
    ///
    /// - Parameter referrer: what the list of its subject's referrers shows; nil for a manifest without a subject.
    func linkRows(
        _ digest: Digest, _ record: ManifestRecord, referrer: [UInt8]?, replacing known: ManifestRecord?, in id: String
    ) -> [Mutation] {
        var record = record
        // Pushed again: the entry among the referrers stays where it is.
        if let known, !known.isDeleted { record.pushed = known.pushed }
        var mutations: [Mutation] = [.put(key: RegistryKeys.manifest(id, digest), value: record.encoded)]
        if let subject = record.subject, let referrer {
            let key = RegistryKeys.referrer(id, of: subject, pushed: record.pushed, digest)
            mutations.append(.put(key: key, value: referrer))
        }
        return mutations
    }

    /// The rows that take a manifest out of a repository: a tombstone hides it also as the child of an index.
    func unlinkRows(_ digest: Digest, _ record: ManifestRecord, in id: String) -> [Mutation] {
        var tombstone = record
        tombstone.isDeleted = true
        tombstone.touched = now()
        var mutations: [Mutation] = [.put(key: RegistryKeys.manifest(id, digest), value: tombstone.encoded)]
        if let subject = record.subject {
            mutations.append(.delete(key: RegistryKeys.referrer(id, of: subject, pushed: record.pushed, digest)))
        }
        return mutations
    }

    /// Pages of records that one request looks through.
    private static let maximumPages = 20

    /// The manifest that was last fetched for a tag of another registry, with what belongs to a manifest.
    func manifest(taggedElsewhere tag: String, of source: Digest, in id: String) async throws(StoreError) -> Digest? {
        let prefix = RegistryKeys.manifests(of: id)
        var range = KeyRange.prefix(prefix)
        var newest: (digest: Digest, pushed: Int64)?
        for _ in 0..<Self.maximumPages {
            let page = try await store.range(range, limit: 500)
            for row in page.kvs {
                guard let record = ManifestRecord(decoding: row.value), record.source == source,
                    record.sourceTag == tag, !record.isDeleted, record.pushed > newest?.pushed ?? -1,
                    let digest = Digest(String(row.key.dropFirst(prefix.count)))
                else { continue }
                newest = (digest, record.pushed)
            }
            guard page.more, let last = page.kvs.last else { break }
            range = range.after(last.key)
        }
        return newest?.digest
    }

    /// Whether a manifest of a repository is some content or names it: one that was pushed or pulled since a time.
    ///
    /// Looks at all of them.
    /// - Parameters:
    ///   - canonical: the sha256 digest of the content.
    ///   - time: milliseconds since 1970.
    func isNamed(_ canonical: Digest, in id: String, since time: Int64) async throws -> Bool {
        var range = KeyRange.prefix(RegistryKeys.manifests(of: id))
        while true {
            try Task.checkCancellation()
            let page = try await store.range(range, limit: 500)
            for row in page.kvs {
                guard let record = ManifestRecord(decoding: row.value), !record.isDeleted,
                    max(record.touched, touches.time(of: row.key) ?? 0) > time
                else { continue }
                if record.canonical == canonical { return true }
                for name in record.blobs + record.children where try await self.canonical(name) == canonical {
                    return true
                }
            }
            guard page.more, let last = page.kvs.last else { return false }
            range = range.after(last.key)
        }
    }

    /// A page of what refers to a manifest, in the order of pushes: descriptors as JSON.
    ///
    /// - Parameters:
    ///   - names: the digests of the manifest: each referrer uses one of them.
    ///   - last: the position behind which the page begins; empty for the first.
    ///   - limit: entries that are looked at.
    /// - Returns: the entries with their positions, and whether there are more.
    func referrers(
        of names: [Digest], in id: String, after last: String, limit: Int
    ) async throws(StoreError) -> (entries: [(position: String, descriptor: [UInt8])], hasMore: Bool) {
        var found: [(position: String, descriptor: [UInt8])] = []
        var hasMore = false
        for name in names {
            let prefix = RegistryKeys.referrers(id, of: name)
            let all = KeyRange.prefix(prefix)
            let page = try await store.range(last.isEmpty ? all : all.after(prefix + last), limit: limit)
            found += page.kvs.map { (String($0.key.dropFirst(prefix.count)), $0.value) }
            hasMore = hasMore || page.more
        }
        if names.count > 1 { found.sort { Exactly.precedes($0.position, $1.position) } }
        return (Array(found.prefix(limit)), hasMore || found.count > limit)
    }
}
