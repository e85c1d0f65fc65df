import APIMachinery
import APIServer
import Blobs
import HTTPTypes
import ImageAPI
import ImageStreams
import OCI
import Store

extension DirectoryAdoption {
    /// Layers, then manifests, then tags: the order in which a client pushes.
    func adopt(_ repository: ReferenceDirectory.Repository, as path: RepositoryPath, _ run: AdoptionRun) async throws {
        var outcome = AdoptedRepository(name: repository.name, stream: path.description)
        let known = try await core.streams.stream(path.stream, namespace: path.namespace)
        try path.check(known)
        // The row says that a stream is ours although it is there, because an earlier run made it and did not finish.
        let mark = RegistryKeys.adoptions + path.description
        let wasBegun = try await core.index.store.get(mark) != nil
        outcome.isNew = known == nil
        if known == nil, run.request.tags == .none {
            return try await run.problem(repository.name, "there is no image stream \(path)")
        }
        let setsTags = run.request.tags == .all || run.request.tags == .new && (known == nil || wasBegun)
        let tags = setsTags ? try await missing(repository.tags, in: known) : [:]
        let manifests = try await manifests(of: repository, at: path, &outcome, run)
        if run.request.isDryRun {
            return try await count(repository, manifests, tags, outcome, run)
        }
        if known == nil {
            try await core.index.store.put(mark)
            _ = try await core.streams.createStream(
                path.stream, annotations: annotations(for: repository, path, manifests), context(path.namespace))
        }
        try await adoptLayers(of: repository, into: path, &outcome, run)
        try await adoptManifests(manifests, tags, repository, into: path, &outcome, run)
        // What failed may be there the next time.
        if known == nil || wasBegun, outcome.failed == 0 { try await core.index.store.remove(mark) }
        try await run.finish(outcome)
    }

    private func annotations(
        for repository: ReferenceDirectory.Repository, _ path: RepositoryPath, _ manifests: [Manifest]
    ) -> [String: String] {
        var annotations = path.annotations
        let named = Set(manifests.flatMap(\.children)).union(repository.tags.values)
        // The other registry keeps what has no tag until somebody cleans up; a day would be a surprise.
        if manifests.contains(where: { !named.contains($0.digest) && !$0.hasSubject }) {
            annotations[KnownAnnotation.untaggedRetention] = "forever"
        }
        return annotations
    }

    /// The tags that a stream does not have, by what they mean.
    private func missing(_ tags: [String: Digest], in stream: ImageStream?) async throws -> [Digest: [String]] {
        var missing: [Digest: [String]] = [:]
        for (tag, digest) in tags.sorted(by: { $0.key < $1.key }) where stream?.status.newestEvent(of: tag) == nil {
            missing[digest, default: []].append(tag)
        }
        return missing
    }

    private func count(
        _ repository: ReferenceDirectory.Repository, _ manifests: [Manifest], _ tags: [Digest: [String]],
        _ outcome: AdoptedRepository, _ run: AdoptionRun
    ) async throws {
        var outcome = outcome
        for digest in repository.layers.keys.sorted() {
            guard let blob = try file(of: digest, repository.layers) else {
                outcome.failed += 1
                try await run.problem(repository.name, "the layer \(digest) is missing")
                continue
            }
            outcome.layers += 1
            guard run.seen.insert(digest) else { continue }
            try await run.advance {
                $0.blobs += 1
                $0.bytes += blob.size
            }
        }
        outcome.manifests = manifests.count
        outcome.tags = manifests.reduce(0) { $0 + (tags[$1.digest]?.count ?? 0) }
        run.tally.manifests += outcome.manifests
        run.tally.tags += outcome.tags
        try await run.finish(outcome)
    }

    // MARK: Manifests

    /// A manifest of the directory.
    struct Manifest: Hashable {
        /// As it is linked.
        var digest: Digest
        var children: [Digest]
        var hasSubject: Bool
    }

    /// The manifests that can be taken, children before the lists that name them.
    private func manifests(
        of repository: ReferenceDirectory.Repository, at path: RepositoryPath, _ outcome: inout AdoptedRepository,
        _ run: AdoptionRun
    ) async throws -> [Manifest] {
        var found: [Digest: Manifest] = [:]
        for digest in repository.revisions.keys.sorted() {
            do {
                let manifest = try PushedManifest(parsing: try bytes(of: digest, repository), contentType: "")
                found[digest] = Manifest(
                    digest: digest, children: manifest.children.map(\.digest), hasSubject: manifest.subject != nil)
            } catch let error as RegistryError {
                outcome.failed += 1
                try await run.problem(repository.name, "the manifest \(digest): \(error.text)")
            } catch let error as BlobError {
                outcome.failed += 1
                try await run.problem(repository.name, "the manifest \(digest): \(error)")
            }
        }
        var ordered: [Manifest] = []
        var done = Set<Digest>()
        // Each list after what it names. Digests cannot name each other in a circle.
        var pending = found.keys.sorted().reversed().map { (digest: $0, isOpened: false) }
        while let next = pending.popLast() {
            guard let manifest = found[next.digest], !done.contains(next.digest) else { continue }
            let missing = manifest.children.filter { found[$0] != nil && !done.contains($0) }
            if next.isOpened || missing.isEmpty {
                done.insert(next.digest)
                ordered.append(manifest)
            } else {
                pending.append((next.digest, true))
                pending += missing.map { ($0, false) }
            }
        }
        return ordered
    }

    private func bytes(of digest: Digest, _ repository: ReferenceDirectory.Repository) throws -> [UInt8] {
        guard let blob = try file(of: digest, repository.revisions) else {
            throw RegistryError.unknown("its bytes are missing")
        }
        return try directory.bytes(of: blob, upTo: core.configuration.maximumManifestBytes)
    }

    private func adoptManifests(
        _ manifests: [Manifest], _ tags: [Digest: [String]], _ repository: ReferenceDirectory.Repository,
        into path: RepositoryPath, _ outcome: inout AdoptedRepository, _ run: AdoptionRun
    ) async throws {
        let id = try await core.openRepository(path).id
        for manifest in manifests {
            try Task.checkCancellation()
            let wanted = tags[manifest.digest] ?? []
            let record = try await core.index.manifest(manifest.digest, in: id)
            if record != nil, wanted.isEmpty || record?.isDeleted == true {
                outcome.known += 1
                continue
            }
            do {
                let bytes = try bytes(of: manifest.digest, repository)
                var rest = wanted[...]
                repeat {
                    let part = rest.prefix(core.configuration.maximumTagParameters)
                    try await push(bytes, manifest.digest, Array(part), to: path)
                    rest = rest.dropFirst(part.count)
                } while !rest.isEmpty
            } catch let error as RegistryError {
                outcome.failed += 1
                try await run.problem(repository.name, "the manifest \(manifest.digest): \(error.text)")
                continue
            }
            outcome.manifests += 1
            outcome.tags += wanted.count
            try await run.advance {
                $0.manifests += 1
                $0.tags += wanted.count
            }
        }
    }

    /// As a client does it, with the server's own rights.
    private func push(
        _ bytes: [UInt8], _ digest: Digest, _ tags: [String], to path: RepositoryPath
    ) async throws {
        let query = tags.map { "tag=\($0)" }.joined(separator: "&")
        let request = ServerRequest(
            method: "PUT", path: "/v2/\(path)/manifests/\(digest)", query: query, headers: [.userAgent: Self.agent],
            body: .bytes(bytes))
        let call = RegistryCall(
            request: request, query: QueryParameters(query), user: .system, id: UUID4.random())
        _ = try await ManifestEndpoint(core: core).put(.digest(digest), in: path, call)
    }
}

extension Store {
    fileprivate func put(_ key: String) async throws {
        _ = try await commit(Transaction(mutations: [.put(key: key, value: Array("{}".utf8))]))
    }

    fileprivate func remove(_ key: String) async throws {
        _ = try await commit(Transaction(mutations: [.delete(key: key)]))
    }
}
