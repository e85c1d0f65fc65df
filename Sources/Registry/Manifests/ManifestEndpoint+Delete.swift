import APIMachinery
import APIServer
import HTTPTypes
import ImageAPI
import OCI
import Store

/// Deleting (spec/registry.md 1.7, 3.7).
extension ManifestEndpoint {
    func delete(_ name: ManifestName, in path: RepositoryPath, _ call: RegistryCall) async throws -> ServerResponse {
        guard core.configuration.allowsDeletion else { throw RegistryError.unsupported("deletion is disabled") }
        let repository = try await core.repository(path)
        let digest: Digest
        do {
            switch name {
            case .tag(let tag):
                digest = try repository.digest(of: tag)
                try await delete(tag: tag, naming: digest, repository, call)
            case .digest(let asked):
                digest = asked
                try await delete(digest, repository, call)
            }
        } catch let error as APIError {
            throw RegistryError(error, repository: path)
        }
        return ServerResponse(status: 202, headers: [.dockerContentDigest: digest.description])
    }

    /// The manifest stays, and can be pulled by its digest until it is collected (E-1).
    private func delete(
        tag: String, naming digest: Digest, _ repository: Repository, _ call: RegistryCall
    ) async throws {
        let context = core.context(call, repository.path, resource: "imagestreamtags")
        var rows: [Mutation] = []
        var conditions: [Condition] = []
        if try await repository.record(of: digest) == nil, let local = try await core.content.manifest(digest),
            let canonical = try await core.index.canonical(digest)
        {
            let incarnation = try await core.openRepository(repository.path)
            let record = ManifestRecord(
                mediaType: local.mediaType, size: Int64(local.bytes.count), canonical: canonical,
                pushed: core.index.now())
            rows = core.index.linkRows(digest, record, referrer: nil, replacing: nil, in: incarnation.id)
            conditions = [try await core.index.condition(on: incarnation)]
        }
        let companions = Companions(conditions: conditions, mutations: rows)
        do {
            try await core.streams.deleteTag(tag, of: repository.path.stream, context) { _ in companions }
        } catch let error as APIError where error.reason == "NotFound" {
            throw RegistryError.unknownTag(tag)
        }
    }

    /// Takes the manifest out of the repository, with the tags that mean it; those who may only prune are refused while
    /// one does, because it may have come after they looked (E-2, E-3).
    private func delete(_ digest: Digest, _ repository: Repository, _ call: RegistryCall) async throws {
        let path = repository.path
        let name = digest.description
        let record = try await repository.record(of: digest)
        let isNamed = repository.stream?.status.names(name) == true
        let isChild = try await repository.isChild(digest) && record?.isDeleted != true
        guard isNamed || isChild || record?.isDeleted == false else {
            if repository.stream == nil, repository.incarnation == nil { throw RegistryError.unknownRepository(path) }
            throw RegistryError.unknownManifest(digest, in: path)
        }
        if isNamed || isChild, try await !cascades(path, call) { throw Self.inUse(digest, repository) }
        let incarnation = try await core.openRepository(path)
        let gone: ManifestRecord
        if let record {
            gone = record
        } else {
            guard let canonical = try await core.index.canonical(digest) else {
                throw RegistryError.unknownManifest(digest, in: path)
            }
            gone = ManifestRecord(mediaType: "", size: 0, canonical: canonical, pushed: core.index.now())
        }
        let rows = core.index.unlinkRows(digest, gone, in: incarnation.id)
        guard isNamed else { return try await core.index.write(rows, in: incarnation) }
        let context = core.context(call, path, resource: "imagestreams")
        try await core.streams.deleteImage(name, of: path.stream, context) { [core] _ in
            Companions(conditions: [try await core.index.condition(on: incarnation)], mutations: rows)
        }
    }

    private func cascades(_ path: RepositoryPath, _ call: RegistryCall) async throws -> Bool {
        guard core.configuration.deletionOfUsedManifests == .cascade,
            let mayDelete = AccessRecord.repository(path, .delete).permissions.first
        else { return false }
        return try await core.access.isAllowed(mayDelete, to: call.user)
    }

    private static func inUse(_ digest: Digest, _ repository: Repository) -> RegistryError {
        var error = RegistryError.unsupported("the manifest is in use")
        for entry in repository.stream?.status.tags ?? [] {
            if let place = entry.items.firstIndex(where: { $0.image == digest.description }) {
                error.entries[0].detail = .string("referenced by tag \(entry.tag) item \(place)")
                return error
            }
        }
        error.entries[0].detail = .string("referenced by a manifest list")
        return error
    }
}

extension RegistryIndex {
    /// Changes rows of a repository, unless it has gone meanwhile.
    func write(_ rows: [Mutation], in repository: Incarnation) async throws {
        while true {
            do {
                _ = try await store.commit(
                    Transaction(conditions: [try await condition(on: repository)], mutations: rows))
                return
            } catch StoreError.conflict {
                continue
            }
        }
    }
}
