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
    /// Lists that name each other end here.
    private static let maximumDepth = 8

    // MARK: Seen

    /// Whether a manifest may be seen here, wherever its bytes are.
    func isVisible(_ digest: Digest) async throws -> Bool {
        // What the history names is there, whatever was deleted before.
        if stream?.status.names(digest.description) == true { return true }
        if let record = try await record(of: digest) { return !record.isDeleted }
        if try await isChild(digest) { return true }
        // What refers elsewhere to an image of the stream belongs to it (PT-25).
        guard let stream, let upstream = core.upstream,
            let subject = upstream.referrers.subject(of: digest, in: stream.metadata.uid)
        else { return false }
        return try await belongsToStream(subject)
    }

    /// Whether the history names a manifest, or a list that it names does.
    func belongsToStream(_ digest: Digest) async throws -> Bool {
        if stream?.status.names(digest.description) == true { return true }
        return try await isChild(digest)
    }

    /// Whether a list that may be seen here names a manifest.
    func isChild(_ digest: Digest) async throws -> Bool {
        guard let stream else { return false }
        return try await core.contents.contents(of: stream, at: path).lists[digest.description] != nil
    }

    /// Whether a blob is part of an image of the stream, wherever its bytes are.
    func belongsToImage(_ digest: Digest) async throws -> Bool {
        guard let stream else { return false }
        let contents = try await core.contents.contents(of: stream, at: path)
        return !contents.images(with: digest).isEmpty || contents.manifests.contains(digest.description)
    }

    /// Whether a blob is part of an image of the stream, was not deleted here, and is not to be had here.
    func isRemote(_ digest: Digest) async throws -> Bool {
        guard stream != nil, core.upstream != nil else { return false }
        if let id = incarnation?.id, let link = try await core.index.layer(digest, in: id) {
            if link.isDeleted { return false }
            if link.source != nil { return true }
        }
        return try await belongsToImage(digest)
    }

    // MARK: Given

    /// Whether the bytes of a manifest that are held here may be given out.
    func gives(_ digest: Digest) async throws -> Bool { try await gives(digest, withParts: false, depth: 0) }

    /// Whether also what a manifest names may be given out, as far as somebody vouched for that.
    func givesParts(of digest: Digest) async throws -> Bool { try await gives(digest, withParts: true, depth: 0) }

    /// - Parameter withParts: also what it names, as far as somebody vouched for that.
    private func gives(_ digest: Digest, withParts: Bool, depth: Int) async throws -> Bool {
        if let record = try await record(of: digest), !record.isDeleted, !withParts || !record.isFetched { return true }
        guard let stream else { return false }
        let name = digest.description
        if stream.status.names(name) {
            if try await core.streams.isGiven(name, to: stream) { return true }
        } else if try await record(of: digest)?.isDeleted == true {
            return false
        }
        guard depth < Self.maximumDepth else { return false }
        for list in try await core.contents.contents(of: stream, at: path).lists[name] ?? [] {
            guard let list = Digest(list), try await vouches(list, for: digest),
                try await gives(list, withParts: true, depth: depth + 1)
            else { continue }
            return true
        }
        return false
    }

    /// Whether the bytes of a blob may be given out because of an image of the stream.
    func givesAsPartOfImage(_ digest: Digest) async throws -> Bool {
        guard let stream else { return false }
        let contents = try await core.contents.contents(of: stream, at: path)
        for image in contents.images(with: digest) {
            guard let image = Digest(image), try await vouches(image, for: digest),
                try await gives(image, withParts: true, depth: 0)
            else {
                continue
            }
            return true
        }
        guard contents.manifests.contains(digest.description) else { return false }
        return try await gives(digest)
    }

    private func vouches(_ manifest: Digest, for digest: Digest) async throws -> Bool {
        guard let canonical = try await core.index.canonical(manifest) else { return false }
        return try await core.index.blob(canonical)?.vouches(for: digest) == true
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
