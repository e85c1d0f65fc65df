import JSON
import NIOCore
import OCI

/// The images of one repository on their way into a bundle. One task uses it.
final class RepositoryExport {
    private let session: ServerSession
    private let repository: String
    private let platforms: [BundlePlatform]
    private let referrers: Bool
    private let run: ExportRun
    /// What was exported from here, or is about to be.
    private var done: Set<Digest> = []
    /// What cannot be, and why.
    private var failed: [Digest: BundleError] = [:]
    /// What refers to it.
    private(set) var referring: [BundledStream.Tag] = []
    /// In their order.
    private(set) var exported: [Digest] = []

    /// Indexes in indexes, and referrers of referrers, end here.
    private static let maximumDepth = 8
    /// Pages of referrers of one image.
    private static let maximumPages = 1_000
    /// Bytes of a manifest.
    private static let maximumManifest = 4 << 20

    private static let accept = [
        MediaType.ociIndex, MediaType.ociManifest, MediaType.dockerManifestList, MediaType.dockerManifest, "*/*",
    ]

    init(
        session: ServerSession, repository: String, platforms: [BundlePlatform], referrers: Bool, run: ExportRun
    ) {
        self.session = session
        self.repository = repository
        self.platforms = platforms
        self.referrers = referrers
        self.run = run
    }

    /// Exports the image of a tag.
    /// - Returns: its media type; nil where it cannot be had, which is told.
    func export(tag: String, _ digest: Digest) async throws -> String? {
        let place = "\(repository):\(tag)"
        return try await telling(place) {
            guard let manifest = try await export(digest, depth: 0) else {
                throw BundleError.unclear("the image \(digest) is not there")
            }
            run.descriptors.append(manifest.descriptor(named: place))
            return manifest.mediaType
        }
    }

    /// Does something for one image; where that cannot be had, this is told, and the others go on.
    private func telling<Value>(_ place: String, _ body: () async throws -> Value?) async throws -> Value? {
        do { return try await body() } catch let error as BundleError
            where error.isOfOneImage && !run.writer.isWithinBlob
        {
            try await run.problem(place, "\(error)")
            return nil
        }
    }

    /// - Returns: nil for one that is not there.
    /// - Throws: `BundleError`; the same one when it is asked for again.
    private func export(_ digest: Digest, depth: Int) async throws -> BundledManifest? {
        if let error = failed[digest] { throw error }
        do {
            guard let manifest = try await manifest(digest, depth: depth) else { return nil }
            guard done.insert(digest).inserted else { return manifest }
            try await export(manifest, depth: depth)
            return manifest
        } catch let error as BundleError {
            done.remove(digest)
            failed[digest] = error
            throw error
        }
    }

    private func manifest(_ digest: Digest, depth: Int) async throws -> BundledManifest? {
        guard depth <= Self.maximumDepth else { throw BundleError.unclear("\(digest) is nested too deeply") }
        let answer = try await session.send(
            .GET, "/v2/\(repository)/manifests/\(digest)", accept: Self.accept)
        if answer.status == 404 { return nil }
        guard answer.isSuccess else {
            throw BundleError.server(status: answer.status, "\(repository)@\(digest): \(answer.message)")
        }
        guard answer.body.count <= Self.maximumManifest else {
            throw BundleError.unclear("the manifest \(digest) has more than \(Self.maximumManifest) bytes")
        }
        let actual = Digest.compute(digest.algorithm, of: answer.body)
        guard actual == digest else { throw BundleError.digestMismatch(expected: digest, actual: actual) }
        return try BundledManifest(
            digest, answer.body, mediaType: answer.headers.first(name: "content-type") ?? "")
    }

    /// What a manifest is made of, and then itself.
    private func export(_ manifest: BundledManifest, depth: Int) async throws {
        for blob in manifest.blobs { try await export(blob) }
        for child in manifest.children where isWanted(child, depth: depth) {
            let known = try await export(child.digest, depth: depth + 1)
            // Caches of builders list layers.
            if known == nil, MediaType.manifestKind(child.mediaType) == nil {
                try await export(child)
            } else if let known, !child.isManifest {
                try child.requireSize(Int64(known.bytes.count))
            }
        }
        if !run.writer.written.keys.contains(manifest.digest) { run.tally.manifests += 1 }
        try run.writer.add(manifest.digest, manifest.bytes)
        exported.append(manifest.digest)
        if referrers { try await exportReferrers(of: manifest.digest, depth: depth) }
        try await run.advance()
    }

    /// Whether an image of an index is for a platform that is asked for.
    private func isWanted(_ child: Descriptor, depth: Int) -> Bool {
        guard !platforms.isEmpty, let platform = child.platform, !platform.architecture.isEmpty else { return true }
        // Attestations of builders: they say what they are of.
        if platform.architecture == "unknown" { return referrers }
        return platforms.contains {
            $0.os == platform.os && $0.architecture == platform.architecture
                && ($0.variant.isEmpty || $0.variant == platform.variant)
        }
    }

    // MARK: Blobs

    private func export(_ blob: Descriptor) async throws {
        if let size = run.writer.written[blob.digest] { return try blob.requireSize(size) }
        if run.held.contains(blob.digest) {
            if run.contents.required.insert(blob.digest).inserted { run.tally.omitted += 1 }
            return
        }
        let path = "/v2/\(repository)/blobs/\(blob.digest)"
        var hasher = DigestHasher(blob.digest.algorithm)
        // The archive learns of it when it is there.
        let isThere = try await session.download(path, size: blob.size) {
            try self.run.writer.begin(blob.digest, size: blob.size)
        } chunk: { chunk in
            let bytes = Array(chunk.readableBytesView)
            hasher.update(bytes)
            try self.run.writer.write(bytes)
            try await self.run.advance()
        }
        guard isThere else { throw BundleError.missing(blob.digest, of: repository) }
        let actual = hasher.finalize()
        guard actual == blob.digest else { throw BundleError.digestMismatch(expected: blob.digest, actual: actual) }
        try run.writer.end()
        run.tally.blobs += 1
    }

    // MARK: Referrers

    private func exportReferrers(of subject: Digest, depth: Int) async throws {
        var path: String? = "/v2/\(repository)/referrers/\(subject)"
        var pages = 0
        while let next = path {
            pages += 1
            guard pages <= Self.maximumPages else {
                return try await run.problem("\(repository)@\(subject)", "too many referrers")
            }
            let answer = try await session.require(.GET, next)
            for entry in try JSONValue.parse(answer.body)["manifests"]?.arrayValue ?? [] {
                guard let digest = entry["digest"]?.stringValue.flatMap({ Digest($0) }), !done.contains(digest),
                    failed[digest] == nil
                else {
                    continue
                }
                let manifest = try await telling("\(repository)@\(digest)") {
                    try await export(digest, depth: depth + 1)
                }
                guard let manifest else { continue }
                referring.append(.init(name: "", digest: digest, mediaType: manifest.mediaType))
                run.descriptors.append(manifest.descriptor(named: nil))
            }
            path = answer.headers.first(name: "link").flatMap(Self.next)
        }
    }

    /// The path of `<…>; rel="next"`, which must be one of this server.
    private static func next(_ link: String) -> String? {
        guard link.contains("rel=\"next\"") || link.contains("rel=next"), let start = link.firstIndex(of: "<"),
            let end = link[start...].firstIndex(of: ">")
        else { return nil }
        let target = link[link.index(after: start)..<end]
        if target.hasPrefix("/v2/") { return String(target) }
        guard let path = target.range(of: "/v2/") else { return nil }
        return String(target[path.lowerBound...])
    }
}
