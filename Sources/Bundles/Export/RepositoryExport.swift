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
    /// Media types of what was exported from here.
    private var done: [Digest: String] = [:]
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
        do {
            guard let manifest = try await export(digest, depth: 0) else {
                try await run.problem(place, "the image \(digest) is not there")
                return nil
            }
            run.descriptors.append(manifest.descriptor(named: place))
            return manifest.mediaType
        } catch let error as BundleError {
            guard case .unclear(let text) = error else { throw error }
            try await run.problem(place, text)
            return nil
        }
    }

    /// - Returns: nil for one that is not there.
    private func export(_ digest: Digest, depth: Int) async throws -> BundledManifest? {
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
        let manifest = try BundledManifest(
            digest, answer.body, mediaType: answer.headers.first(name: "content-type") ?? "")
        guard done.updateValue(manifest.mediaType, forKey: digest) == nil else { return manifest }
        for blob in manifest.blobs { try await export(blob) }
        for child in manifest.children where isWanted(child, depth: depth) {
            let known = try await export(child.digest, depth: depth + 1)
            // Caches of builders list layers.
            if known == nil, MediaType.manifestKind(child.mediaType) == nil { try await export(child) }
        }
        if !run.writer.written.contains(digest) { run.tally.manifests += 1 }
        try run.writer.add(digest, manifest.bytes)
        exported.append(digest)
        if referrers { try await exportReferrers(of: digest, depth: depth) }
        try await run.advance()
        return manifest
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
        guard !run.writer.written.contains(blob.digest) else { return }
        if run.held.contains(blob.digest) {
            if run.contents.required.insert(blob.digest).inserted { run.tally.omitted += 1 }
            return
        }
        let path = "/v2/\(repository)/blobs/\(blob.digest)"
        var hasher = DigestHasher(blob.digest.algorithm)
        try run.writer.begin(blob.digest, size: blob.size)
        let isThere = try await session.download(path, size: blob.size) { chunk in
            let bytes = Array(chunk.readableBytesView)
            hasher.update(bytes)
            try self.run.writer.write(bytes)
            try await self.run.advance()
        }
        guard isThere else { throw BundleError.missing(blob.digest, of: repository) }
        let actual = hasher.finalize()
        guard actual == blob.digest else { throw BundleError.digestMismatch(expected: blob.digest, actual: actual) }
        try run.writer.end(blob.digest)
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
                guard let digest = entry["digest"]?.stringValue.flatMap({ Digest($0) }), done[digest] == nil,
                    let manifest = try await export(digest, depth: depth + 1)
                else { continue }
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
