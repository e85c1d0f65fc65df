import Blobs
import OCI

extension DirectoryAdoption {
    /// The file of what is linked: under its own digest or under the one that it stands for.
    func file(of digest: Digest, _ links: [Digest: Digest]) throws(BlobError) -> ReferenceDirectory.Blob? {
        if let blob = try directory.blob(digest) { return blob }
        guard let target = links[digest], target != digest else { return nil }
        return try directory.blob(target)
    }

    func adoptLayers(
        of repository: ReferenceDirectory.Repository, into path: RepositoryPath, _ outcome: inout AdoptedRepository,
        _ run: AdoptionRun
    ) async throws {
        let incarnation = try await core.openRepository(path)
        for digest in repository.layers.keys.sorted() {
            try Task.checkCancellation()
            if let canonical = try await core.index.canonical(digest),
                let link = try await core.index.layer(canonical, in: incarnation.id)
            {
                // Also what was deleted here stays so.
                if !link.isDeleted { outcome.known += 1 }
                continue
            }
            guard let blob = try file(of: digest, repository.layers) else {
                outcome.failed += 1
                try await run.problem(repository.name, "the layer \(digest) is missing")
                continue
            }
            do {
                let isTaken = try await adopt(blob, as: digest, into: incarnation, run.request.method)
                outcome.layers += 1
                try await run.advance {
                    $0.blobs += isTaken ? 1 : 0
                    $0.bytes += isTaken ? blob.size : 0
                }
            } catch let error as DamagedFile {
                outcome.failed += 1
                try await run.problem(repository.name, error.message)
            }
        }
    }

    /// Takes a file and makes it a part of a repository. Bytes that are held here are not read again.
    /// - Returns: whether it was read.
    private func adopt(
        _ blob: ReferenceDirectory.Blob, as digest: Digest, into repository: Incarnation,
        _ method: FileBlobStore.AdoptionMethod
    ) async throws -> Bool {
        if let canonical = try await core.index.canonical(digest),
            let record = try await core.index.blob(canonical), record.size == blob.size,
            try await core.index.link(canonical, into: repository)
        {
            return false
        }
        let adopted: FileBlobStore.Adopted
        do { adopted = try await files.adopt(blob, by: method) } catch BlobError.corrupt {
            throw DamagedFile(message: "\(blob.path): no file of a blob")
        }
        switch adopted {
        case .damaged(let actual): throw DamagedFile(message: "\(blob.path): the bytes are \(actual)")
        case .blob(let stored, let alias):
            // Nobody else works here: no collector comes between the file and its row.
            try await core.index.locks.withLock(stored.digest) {
                try await core.index.publish(
                    stored.digest, size: stored.size, as: alias ?? stored.digest, in: repository)
            }
            return true
        }
    }
}

/// One file that cannot be taken over.
private struct DamagedFile: Error {
    var message: String
}
