import HTTPTypes
import ImageStreams
import OCI

/// Copies images of streams into the storage by the way that pulls take (spec/registry.md PT-17, PT-18).
///
/// It keeps no list of its own: what is missing is what the index of the registry does not have.
struct RegistryMirror: ImageMirror {
    let core: RegistryCore
    let upstream: PullThrough

    func copy(
        _ image: String, of stream: String, in namespace: String
    ) async throws(MirrorFailure) -> MirroredContent {
        do {
            return try await copyAll(image, RepositoryPath(namespace: namespace, stream: stream))
        } catch let error as MirrorFailure {
            throw error
        } catch let error as RegistryError {
            throw MirrorFailure(error)
        } catch {
            throw MirrorFailure("\(error)")
        }
    }

    private func copyAll(_ image: String, _ path: RepositoryPath) async throws -> MirroredContent {
        if try await core.isReadOnly(path.namespace) { throw MirrorFailure.pause }
        var content = MirroredContent()
        var seen: Set<String> = []
        var pending = [image]
        var copied: [String] = []
        while let name = pending.popLast() {
            guard seen.insert(name).inserted, let digest = Digest(name) else { continue }
            try Task.checkCancellation()
            let repository = try await core.repository(path)
            guard try await repository.belongsToStream(digest),
                let record = try await core.streams.layerRecords(of: [name])[name]
            else { continue }
            if try await repository.lacksManifest(digest) {
                try await upstream.keep(manifest: digest, in: repository)
                guard try await !core.repository(path).lacksManifest(digest) else {
                    throw MirrorFailure("manifest \(digest) could not be made a part of \(path)")
                }
                content.items += 1
            }
            copied.append(name)
            pending += record.manifests
            for blob in record.blobs where seen.insert(blob.description).inserted {
                // As it is now: the first thing that is kept makes it.
                let repository = try await core.repository(path)
                guard try await repository.lacks(blob) else { continue }
                content.bytes += try await upstream.keep(blob: blob, in: repository)
                content.items += 1
            }
        }
        for image in copied {
            try await core.streams.noteComplete(image, isMirrored: true, core.ownContext(path))
        }
        return content
    }
}

extension ImageLayerRecord {
    /// Config and layers, as far as they may be handed on.
    fileprivate var blobs: [Digest] {
        let layers = layers.filter { !PushedManifest.isNondistributable($0.mediaType) }.map(\.name)
        return ((config.map { [$0] } ?? []) + layers).compactMap { Digest($0) }
    }
}

extension MirrorFailure {
    fileprivate init(_ error: RegistryError) {
        let entry = error.entries.first
        let cause = entry?.detail["cause"]?.stringValue
        self.init(
            [entry?.message, cause].compactMap { $0 }.joined(separator: ": "),
            retryAfter: error.headers[.retryAfter].flatMap { Int64($0) }.map { .seconds($0) })
    }
}

extension Repository {
    /// Whether a manifest of the stream is not held here, or not for this repository. That somebody looks is no use of it.
    func lacksManifest(_ digest: Digest) async throws -> Bool {
        guard try await gives(digest), let canonical = try await core.index.canonical(digest),
            let blob = try await core.index.blob(canonical), !blob.isHidden, !blob.mediaType.isEmpty
        else { return true }
        guard blob.condemned == nil else { return try await core.index.revive(canonical) == false }
        return false
    }

    /// Whether a blob of an image of the stream is not held here, or not for this repository. One that was deleted here
    /// is not lacked.
    func lacks(_ digest: Digest) async throws -> Bool {
        guard let canonical = try await core.index.canonical(digest) else { return true }
        let blob = try await core.index.blob(canonical)
        if let id = incarnation?.id {
            let (link, revision) = try await core.index.layerRow(canonical, in: id)
            if link?.isDeleted == true, try await isGone(digest, since: revision) { return false }
            if let link, !link.isDeleted, link.source == nil, let blob, blob.condemned == nil { return false }
        }
        guard let blob, !blob.isHidden, try await givesAsPartOfImage(digest) else { return true }
        guard blob.condemned == nil else { return try await core.index.revive(canonical) == false }
        return false
    }
}
