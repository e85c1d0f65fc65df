import APIServer
import ImageStreams
import OCI
import Store

/// A manifest that a repository had by a tag alone stays there when that goes (spec/registry.md E-1).
extension ManifestEndpoint {
    /// Lists in lists that are followed.
    private static let maximumDepth = 8
    /// Rows that one deletion writes: of what a list names beyond that, nothing is kept.
    private static let maximumRows = 10_000

    /// The rows that keep a manifest, and what it names as far as the tag gave that out: they give out no more. None where
    /// the repository has it anyway, or cannot give it out.
    func keeping(_ digest: Digest, _ repository: Repository) async throws -> Companions {
        guard try await !isKept(digest, repository), try await repository.gives(digest) else { return .none }
        let incarnation = try await core.openRepository(repository.path)
        var rows = Companions(conditions: [try await core.index.condition(on: incarnation)], mutations: [])
        var links: [Digest: Int64] = [:]
        var seen: Set = [digest]
        var pending = [(manifest: digest, depth: 0)]
        while let (manifest, depth) = pending.popLast(), rows.mutations.count + links.count < Self.maximumRows {
            let (known, isCurrent) = try await core.index.manifestRow(manifest, in: incarnation.id)
            guard known?.isDeleted ?? true, let local = try await core.content.manifest(manifest),
                let canonical = try await core.index.canonical(manifest)
            else { continue }
            let document = try? PushedManifest(parsing: local.bytes, contentType: local.mediaType)
            var record = ManifestRecord(
                mediaType: local.mediaType, size: Int64(local.bytes.count), canonical: canonical,
                blobs: document?.blobs ?? [], children: document?.children.map(\.digest) ?? [],
                pushed: core.index.now())
            record.isFetched = try await !repository.givesParts(of: manifest)
            rows.conditions.append(isCurrent)
            rows.mutations += core.index.linkRows(
                manifest, record, referrer: nil, replacing: nil, in: incarnation.id)
            guard let document, !record.isFetched else { continue }
            var blobs = document.blobs
            for child in document.children.map(\.digest) where seen.insert(child).inserted {
                // Some builders list layers.
                guard try await core.content.manifest(child) != nil else {
                    blobs.append(child)
                    continue
                }
                guard depth < Self.maximumDepth, try await !isKept(child, repository),
                    try await !repository.isDeleted(child), try await repository.vouches(manifest, for: child)
                else { continue }
                pending.append((child, depth + 1))
            }
            try await link(blobs, of: manifest, repository, incarnation, into: &links)
        }
        for (blob, size) in links.prefix(max(0, Self.maximumRows - rows.mutations.count)) {
            var link = LayerLink(size: size, touched: core.index.now())
            // Nobody pushed it here: quotas do not count it.
            link.isMirrored = true
            rows.mutations.append(.put(key: RegistryKeys.layer(incarnation.id, blob), value: link.encoded))
        }
        return rows
    }

    private func isKept(_ manifest: Digest, _ repository: Repository) async throws -> Bool {
        try await repository.record(of: manifest).map { !$0.isDeleted } ?? false
    }

    /// Adds the blobs of a manifest that it gives out, and that are no part of the repository by themselves.
    private func link(
        _ blobs: [Digest], of manifest: Digest, _ repository: Repository, _ incarnation: Incarnation,
        into links: inout [Digest: Int64]
    ) async throws {
        for blob in blobs {
            guard try await repository.vouches(manifest, for: blob), let local = try await repository.localBlob(blob)
            else { continue }
            links.merge(try await core.index.unlinked([blob: local], in: incarnation)) { $1 }
        }
    }
}
