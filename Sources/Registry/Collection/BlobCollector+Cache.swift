import ImageAPI
import ImageStreams
import OCI

/// Blobs that are kept because somebody pulled them, and that are to be had elsewhere (spec/registry.md PT-20).
extension BlobCollector {
    /// Follows what a repository refers to. What was pushed holds its blobs; what came from elsewhere holds those that
    /// somebody has used lately.
    ///
    /// What was pushed comes first: a blob that it shares with an image from elsewhere stays.
    func follow(
        _ roots: [Digest], of stream: ImageStream?, in namespace: String, _ records: RepositoryRecords,
        _ mark: inout CollectionMark,
        into view: inout CollectionMark.View, now: Int64
    ) async throws {
        let (own, cached) = try await split(roots, of: stream, records)
        let cutoff = mark.cutoffs.of(namespace)
        try await mark.follow(own, rows: records.records, referrers: records.referrers, into: &view)
        try await mark.follow(
            cached, rows: records.records, referrers: records.referrers, into: &view,
            holding: { [index, settings, idle = mark.idle] blob in
                // Whoever was used lately still is: what was read at once need not be read one by one.
                guard idle.contains(blob) else { return true }
                guard let record = try await index.blob(blob) else { return true }
                if settings.exceedsCache(record.size) { return false }
                let last = max(record.touched, index.touches.time(of: RegistryKeys.blob(blob)) ?? .min)
                if settings.cachePeriod > 0, settings.isOver(last, settings.cachePeriod, now: now) { return false }
                return last >= cutoff
            })
    }

    /// Blobs that may be too old to be held by what came from elsewhere, by one walk over all.
    func idleBlobs(_ cutoffs: CacheCutoffs, now: Int64) async throws -> DigestSet {
        var idle = DigestSet()
        guard settings.boundsCache else { return idle }
        for part in HexParts.of(RegistryKeys.blobs + "sha256:") {
            try await index.store.forEachPage(part, limit: settings.page) { rows in
                try await pace.rest()
                try Task.checkCancellation()
                for row in rows {
                    guard let digest = Digest(String(row.key.dropFirst(RegistryKeys.blobs.count))),
                        let record = BlobRecord(decoding: row.value)
                    else { continue }
                    let last = lastUse(of: row.key, known: record.touched)
                    let isOver = settings.cachePeriod > 0 && settings.isOver(last, settings.cachePeriod, now: now)
                    if isOver || last < cutoffs.latest || settings.exceedsCache(record.size) { idle.insert(digest) }
                }
            }
        }
        return idle
    }

    /// Those that were pushed, and those that came from elsewhere.
    func split(
        _ roots: [Digest], of stream: ImageStream?, _ records: RepositoryRecords
    ) async throws -> (own: [Digest], cached: [Digest]) {
        guard let places = stream.flatMap({ elsewhere($0) }) else { return (roots, []) }
        var own: [Digest] = []
        var cached: [Digest] = []
        for root in roots {
            if try await isCached(root, places, records) { cached.append(root) } else { own.append(root) }
        }
        return (own, cached)
    }

    /// Whether all events with an image say that it is elsewhere. Streams that are to be copied whole, and those with an
    /// import that fails, keep what they have: it may be all there is.
    /// - Returns: nil where nothing is to go.
    private func elsewhere(_ stream: ImageStream) -> [String: Bool]? {
        guard settings.boundsCache, !Self.isPinned(stream) else { return nil }
        var places: [String: Bool] = [:]
        for tag in stream.status.tags {
            for event in tag.items where places[event.image] != false { places[event.image] = isElsewhere(event) }
        }
        return places
    }

    private func isElsewhere(_ event: TagEvent) -> Bool {
        let text = event.dockerImageReference
        guard !settings.ownHosts.contains(where: { text.hasPrefix($0 + "/") }),
            let reference = try? ImageReference(parsing: text), !reference.name.isEmpty
        else { return false }
        return !settings.ownHosts.contains(reference.registry)
    }

    /// Whether a manifest was never pushed, and is elsewhere.
    private func isCached(
        _ digest: Digest, _ places: [String: Bool], _ records: RepositoryRecords
    ) async throws -> Bool {
        let record = records.records[digest]
        if let record, !record.isFetched { return false }
        // Without an event it was fetched for an image of the stream.
        guard let isElsewhere = places[digest.description] else { return record != nil }
        guard isElsewhere, let image = try await streams.images.object(digest.description, namespace: "") else {
            return false
        }
        return !image.isManaged
    }

    private static func isPinned(_ stream: ImageStream) -> Bool {
        let annotations = [stream.metadata.annotations] + stream.spec.tags.map(\.annotations)
        return annotations.contains { MirrorPlan.isWished(by: $0) }
            || stream.status.tags.contains { tag in
                tag.conditions.contains { $0.type == "ImportSuccess" && $0.status == "False" }
            }
    }
}
