import ImageAPI
import ImageStreams
import OCI

/// What may be seen in a repository, and what of it may be given out from what is held here.
///
/// These are two questions. A stream may name what its owner never had: the digest of somebody's private layer in a
/// manifest of one's own, an imported image that a registry made up, a mapping. All that is to be seen; but bytes that are
/// here because somebody else pushed them are given only to whom somebody vouched: who pushed them here, who pushed a
/// manifest that names them and could see them, who gave the stream a tag of another one (spec/registry.md V-1, V-2).
/// Everybody else gets them from where the image came from, or not at all.
extension Repository {
    // MARK: Seen

    /// Whether a manifest may be seen here, wherever its bytes are.
    func isVisible(_ digest: Digest) async throws -> Bool {
        // What the history names is there, whatever was deleted before.
        if isNamed(digest) { return true }
        if let record = try await record(of: digest) {
            if !record.isDeleted { return true }
            if try await isDeleted(digest) { return false }
        }
        if try await isChild(digest) { return true }
        // What refers elsewhere to an image of the stream belongs to it (PT-25).
        guard let stream, let upstream = core.upstream,
            let subject = upstream.referrers.subject(of: digest, in: stream.metadata.uid)
        else { return false }
        return try await belongsToStream(subject)
    }

    /// Whether the history names a manifest.
    private func isNamed(_ digest: Digest) -> Bool {
        let known = findings.state.withLock(\.contents)
        return known?.names(BlobName(digest)) ?? stream?.status.names(digest.description) ?? false
    }

    /// Whether the history names a manifest, or a list that it names does.
    func belongsToStream(_ digest: Digest) async throws -> Bool {
        if isNamed(digest) { return true }
        return try await isChild(digest)
    }

    /// Whether a list that may be seen here names a manifest.
    func isChild(_ digest: Digest) async throws -> Bool {
        try await contents()?.lists(of: BlobName(digest)).isEmpty == false
    }

    /// Whether a blob is part of an image of the stream, wherever its bytes are.
    func belongsToImage(_ digest: Digest) async throws -> Bool {
        guard let contents = try await contents() else { return false }
        return !contents.images(with: BlobName(digest)).isEmpty || contents.contains(BlobName(digest))
    }

    /// Whether a blob is part of an image of the stream, was not deleted here, and is not to be had here.
    func isRemote(_ digest: Digest) async throws -> Bool {
        guard stream != nil, core.upstream != nil else { return false }
        if let id = incarnation?.id {
            let (link, revision) = try await core.index.layerRow(digest, in: id)
            if link?.isDeleted == true, try await isGone(digest, since: revision) { return false }
            if let link, !link.isDeleted, link.source != nil { return true }
        }
        return try await belongsToImage(digest)
    }

    /// What the images of the stream are made of; nil where there is no stream.
    func contents() async throws -> StreamContents? {
        guard let stream else { return nil }
        if let known = findings.state.withLock(\.contents) { return known }
        let contents = try await core.contents.contents(of: stream, at: path)
        findings.state.withLock { $0.contents = contents }
        return contents
    }

    // MARK: Given

    /// Whether the bytes of a manifest that are held here may be given out.
    func gives(_ digest: Digest) async throws -> Bool {
        if try await record(of: digest)?.isDeleted == false { return true }
        return try await givesParts(of: digest)
    }

    /// Whether also what a manifest names may be given out, as far as it vouches for that: because it was pushed here or
    /// came from another stream, or because a list vouches for it of which that holds.
    func givesParts(of digest: Digest) async throws -> Bool {
        if let known = known(digest) { return known }
        guard stream != nil else { return try await givesPartsByItself(digest) }
        // Lists above lists: each is looked at once in a request, however many name each other.
        var path = [try await step(to: digest)]
        while let (manifest, lists) = path.last {
            try findings.look(through: 1)
            guard let list = lists.first else {
                path.removeLast()
                continue
            }
            switch known(list) {
            case nil: path.append(try await step(to: list))
            case true? where try await vouches(list, for: manifest):
                note(manifest, true)
                path.removeLast()
            default: path[path.count - 1].lists.removeFirst()
            }
        }
        return known(digest) ?? false
    }

    private func known(_ manifest: Digest) -> Bool? { findings.state.withLock { $0.givesParts[manifest] } }

    private func note(_ manifest: Digest, _ isGiven: Bool) {
        findings.state.withLock { $0.givesParts[manifest] = isGiven }
    }

    /// A manifest with the lists that are to be asked about it; none where it is known what they could say.
    private func step(to manifest: Digest) async throws -> (manifest: Digest, lists: ArraySlice<Digest>) {
        try Task.checkCancellation()
        let isGiven = try await givesPartsByItself(manifest)
        note(manifest, isGiven)
        if isGiven { return (manifest, []) }
        if !isNamed(manifest), try await isDeleted(manifest) { return (manifest, []) }
        let lists = try await contents()?.lists(of: BlobName(manifest)) ?? []
        return (manifest, lists.compactMap(\.digest)[...])
    }

    private func givesPartsByItself(_ manifest: Digest) async throws -> Bool {
        if let record = try await record(of: manifest), !record.isDeleted, !record.isFetched { return true }
        guard let stream, isNamed(manifest) else { return false }
        return try await core.streams.isGiven(manifest.description, to: stream)
    }

    /// Whether the bytes of a blob may be given out because of an image of the stream.
    func givesAsPartOfImage(_ digest: Digest) async throws -> Bool {
        guard let contents = try await contents() else { return false }
        for image in contents.images(with: BlobName(digest)).lazy.compactMap(\.digest) {
            if try await givesParts(of: image), try await vouches(image, for: digest) { return true }
        }
        guard contents.contains(BlobName(digest)) else { return false }
        return try await gives(digest)
    }

    /// Whether those who pushed a manifest could see what it names.
    func vouches(_ manifest: Digest, for digest: Digest) async throws -> Bool {
        guard let canonical = try await core.index.canonical(manifest),
            let blob = try await core.index.blob(canonical)
        else { return false }
        try findings.look(through: 1 + (blob.unvouched?.count ?? 0))
        return blob.vouches(for: digest)
    }

    // MARK: Deleted

    /// Whether a manifest was deleted here, and nothing has brought it back.
    func isDeleted(_ digest: Digest) async throws -> Bool {
        guard let id = incarnation?.id else { return false }
        let (record, revision) = try await core.index.manifestRevision(digest, in: id)
        guard record?.isDeleted == true else { return false }
        return try await isGone(digest, since: revision)
    }

    /// Whether a tombstone still hides what it stands for.
    /// - Parameter revision: of the store, at which it was made.
    func isGone(_ digest: Digest, since revision: Int64) async throws -> Bool {
        guard let stream, let contents = try await contents() else { return true }
        return try await contents.isGone(digest, since: revision) { image in
            try findings.look(through: 1)
            if let known = findings.state.withLock({ $0.arrivals[image] }) { return known }
            let arrival = try await core.streams.arrival(of: image.text, in: stream)
            findings.state.withLock { $0.arrivals[image] = arrival }
            return arrival
        }
    }
}

extension ImageStreamStatus {
    /// The newest event of a tag that names an image.
    func newestEvent(of name: String) -> TagEvent? { tag(name)?.items.first { !$0.image.isEmpty } }

    /// Whether some event names an image.
    func names(_ image: String) -> Bool { tags.contains { $0.items.contains { $0.image == image } } }
}

extension RegistryCore {
    /// Whether a pull spec names this registry.
    func isOwn(_ reference: ImageReference) -> Bool { configuration.hosts.contains(reference.registry) }
}
