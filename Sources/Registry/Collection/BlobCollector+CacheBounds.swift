import ImageAPI
import OCI
import Store
import Synchronization

/// Where the size of what was fetched is bounded (spec/registry.md PT-20).
extension BlobCollector {
    /// Gathers while a mark goes on. A class because the mark's question is asked from elsewhere.
    private final class Gathered: Sendable {
        let use = Mutex(CacheUse())
    }

    /// Looks at all blobs that came from elsewhere: those that were pulled least lately do not fit. What was pushed
    /// anywhere does not count.
    func cacheCutoffs(_ snapshot: CollectionSnapshot) async throws -> CacheCutoffs {
        guard settings.cacheBytes > 0 || settings.cacheBytesOfNamespace > 0 else { return CacheCutoffs() }
        let gathered = Gathered()
        // Knows what was pushed, and nothing else.
        var mark = CollectionMark(snapshot, index, content, pace)
        let prefix = streams.streams.kind.keyPrefix
        try await snapshot.forEachPage(.prefix(prefix), limit: 100) { rows in
            for row in rows {
                let names = row.key.dropFirst(prefix.count).split(separator: "/", omittingEmptySubsequences: false)
                guard names.count == 2, let stream = try? ImageStream.decode(row.value) else { continue }
                let path = RepositoryPath(namespace: String(names[0]), stream: String(names[1]))
                try await gather(stream, path, &mark, gathered)
            }
        }
        return gathered.use.withLock {
            $0.cutoffs(perNamespace: settings.cacheBytesOfNamespace, total: settings.cacheBytes) {
                mark.reachable.contains($0)
            }
        }
    }

    private func gather(
        _ stream: ImageStream, _ path: RepositoryPath, _ mark: inout CollectionMark, _ gathered: Gathered
    ) async throws {
        var records = RepositoryRecords()
        if let row = try await mark.snapshot.get(RegistryKeys.repository(path)),
            let id = RepositoryRecord(decoding: row.value)?.id
        {
            try await mark.snapshot.forEachPage(.prefix(RegistryKeys.manifests(of: id)), limit: settings.page) {
                for row in $0 { records.add(row, id: id) }
            }
        }
        let named = stream.status.tags.flatMap { $0.items.map(\.image) }.compactMap { Digest($0) }
        let roots = Set(named + records.digests { !$1.isDeleted })
        let (own, cached) = try await split(Array(roots), of: stream, records)
        var view = CollectionMark.View()
        try await mark.follow(own, rows: records.records, referrers: records.referrers, into: &view)
        try await mark.follow(
            cached, rows: records.records, referrers: records.referrers, into: &view,
            holding: { [index] digest in
                guard let record = try await index.blob(digest) else { return false }
                let last = max(record.touched, index.touches.time(of: RegistryKeys.blob(digest)) ?? .min)
                gathered.use.withLock {
                    $0.add(digest, CacheUse.Blob(size: record.size, last: last), in: path.namespace)
                }
                return false
            })
    }
}
