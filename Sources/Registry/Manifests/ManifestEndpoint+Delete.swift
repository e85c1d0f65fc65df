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
        do {
            try await core.streams.deleteTag(tag, of: repository.path.stream, context) { _ in
                try await keeping(digest, repository)
            }
        } catch let error as APIError where error.reason == "NotFound" {
            throw RegistryError.unknownTag(tag)
        }
    }

    /// Takes the manifest out of the repository by all its names, with the tags that mean it (H-2); those who may only
    /// prune are refused while one does, because it may have come after they looked (E-2, E-3).
    private func delete(_ digest: Digest, _ repository: Repository, _ call: RegistryCall) async throws {
        let path = repository.path
        var names: [Digest] = []
        for name in try await repository.names(of: digest) {
            let record = try await repository.record(of: name)
            let isNamed = repository.stream?.status.names(name.description) == true
            var isChild = try await repository.isChild(name)
            if isChild, try await repository.isDeleted(name) { isChild = false }
            let isUsed = isNamed || isChild
            if isUsed, try await !cascades(path, call) { throw Self.inUse(name, repository) }
            if isUsed || record?.isDeleted == false { names.append(name) }
        }
        guard names.first == digest else {
            if repository.stream == nil, repository.incarnation == nil { throw RegistryError.unknownRepository(path) }
            throw RegistryError.unknownManifest(digest, in: path)
        }
        guard try await core.index.canonical(digest) != nil else {
            throw RegistryError.unknownManifest(digest, in: path)
        }
        for name in names { try await remove(name, repository, call) }
    }

    private func remove(_ digest: Digest, _ repository: Repository, _ call: RegistryCall) async throws {
        let path = repository.path
        let name = digest.description
        let incarnation = try await core.openRepository(path)
        guard repository.stream?.status.names(name) == true else {
            do {
                let rows = try await core.index.tombstone(of: digest, in: incarnation)
                let stream = Condition.modRevision(
                    of: "\(core.streams.streams.kind.keyPrefix)\(path)",
                    equals: repository.stream.flatMap { Int64($0.metadata.resourceVersion) } ?? 0)
                _ = try await core.index.store.commit(
                    Transaction(conditions: rows.conditions + [stream], mutations: rows.mutations))
                return
            } catch StoreError.conflict {
                // It was pushed or tagged again: perhaps a tag means it now, which only some may take away.
                return try await delete(digest, try await core.repository(path), call)
            }
        }
        let context = core.context(call, path, resource: "imagestreams")
        try await core.streams.deleteImage(name, of: path.stream, context) { [core] _ in
            try await core.index.tombstone(of: digest, in: incarnation)
        }
    }

    private func cascades(_ path: RepositoryPath, _ call: RegistryCall) async throws -> Bool {
        guard core.configuration.deletionOfUsedManifests == .cascade else { return false }
        return try await core.mayDeleteUsed(path, call)
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

extension RegistryCore {
    /// Whether somebody may delete also what images of the stream need; others may prune.
    func mayDeleteUsed(_ path: RepositoryPath, _ call: RegistryCall) async throws -> Bool {
        guard let mayDelete = AccessRecord.repository(path, .delete).permissions.first else { return false }
        return try await access.isAllowed(mayDelete, to: call.user)
    }
}

extension RegistryIndex {
    /// The rows that take a manifest out of a repository, whatever is known of it now.
    func tombstone(of digest: Digest, in repository: Incarnation) async throws -> Companions {
        let (known, isCurrent) = try await manifestRow(digest, in: repository.id)
        // One that was there by a tag alone may have no row; whoever asks has seen that it has a canonical name.
        let bytes = try await canonical(digest) ?? digest
        let record = known ?? ManifestRecord(mediaType: "", size: 0, canonical: bytes, pushed: now())
        return Companions(
            conditions: [try await condition(on: repository), isCurrent],
            mutations: unlinkRows(digest, record, in: repository.id))
    }

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
