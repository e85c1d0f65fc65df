import OCI
import RegistryClient

/// A manifest and where it came from: what belongs to it is fetched from the same place (A.14).
struct LocatedManifest: Sendable {
    let fetched: FetchedManifest
    /// At the source that served it.
    let reference: RemoteReference
    let access: RegistryAccess

    var manifest: Manifest { fetched.manifest }
    var repository: RepositoryName { reference.repository }
}

extension ImportSession {
    /// Fetches a manifest from the first of its sources that has it.
    func locate(_ reference: RemoteReference, insecure: Bool) async throws(ImportFailure) -> LocatedManifest {
        var failures: [ImportFailure] = []
        for source in importer.policy.pullSources(reference) {
            do {
                return try await fetch(
                    source, insecure: insecure || importer.policy.isInsecure(source.repository))
            } catch {
                failures.append(error)
            }
        }
        guard let last = failures.popLast() else {
            throw .remote(reference: "\(reference)", text: "no source to pull from")
        }
        throw failures.isEmpty ? last : .everySource(original: last, mirrors: failures)
    }

    private func fetch(_ source: RemoteReference, insecure: Bool) async throws(ImportFailure) -> LocatedManifest {
        let (fetched, access) = try await withAccess(
            to: source.repository, insecure: insecure, quoting: "\(source)", failure: ImportFailure.image
        ) { (access) async throws(RegistryError) in
            try await self.current(source, access)
        }
        try charge(fetched.bytes.count, source)
        return LocatedManifest(fetched: fetched, reference: source, access: access)
    }

    /// The manifest that a registry has for a reference now. Work that nobody waits for takes what a look at the tag has
    /// just shown, by its digest: so it is fetched once for all who follow the tag.
    private func current(
        _ source: RemoteReference, _ access: RegistryAccess
    ) async throws(RegistryError) -> FetchedManifest {
        switch source.selector {
        case .digest(let digest):
            if isAdmitted(access, to: source.repository) { return try await manifest(source, digest, access) }
        case .tag:
            guard isBackground, let digest = importer.contents.digest(of: source, access: access) else { break }
            let reference = RemoteReference(repository: source.repository, digest: digest)
            do { return try await manifest(reference, digest, access) } catch {
                // It may be gone by now, with the tag on another one.
                guard error.status == 404 else { throw error }
            }
        }
        let fetched = try await client.manifest(source, access: access)
        importer.contents.keep(
            .manifest(fetched),
            ContentMemory.Key(repository: source.repository, access: access, digest: fetched.manifest.digest))
        return fetched
    }

    /// A manifest of a repository that has let `access` in.
    private func manifest(
        _ reference: RemoteReference, _ digest: Digest, _ access: RegistryAccess
    ) async throws(RegistryError) -> FetchedManifest {
        let (client, key) = (
            client, ContentMemory.Key(repository: reference.repository, access: access, digest: digest)
        )
        let content = try await importer.contents.content(key, isManifest: true, isBackground: isBackground) {
            () async throws(RegistryError) in .manifest(try await client.manifest(reference, access: access))
        }
        guard case .manifest(let fetched) = content else { return try await client.manifest(reference, access: access) }
        return fetched
    }

    /// Fetches another manifest from the place that served `parent`.
    func child(_ digest: Digest, of parent: LocatedManifest) async throws(ImportFailure) -> LocatedManifest {
        let reference = RemoteReference(repository: parent.repository, digest: digest)
        let fetched = try await atSource(of: parent, quoting: reference) { () async throws(RegistryError) in
            try await self.manifest(reference, digest, parent.access)
        }
        try charge(fetched.bytes.count, reference)
        return LocatedManifest(fetched: fetched, reference: reference, access: parent.access)
    }

    /// The config blob of an image, from the place that served its manifest.
    func config(_ digest: Digest, of parent: LocatedManifest) async throws(ImportFailure) -> [UInt8] {
        let bytes = try await atSource(of: parent, quoting: parent.reference) { () async throws(RegistryError) in
            let (client, repository, access) = (self.client, parent.repository, parent.access)
            let key = ContentMemory.Key(repository: repository, access: access, digest: digest)
            let content = try await self.importer.contents.content(
                key, isManifest: false, isBackground: self.isBackground
            ) { () async throws(RegistryError) in
                .blob(try await client.blob(digest, in: repository, access: access))
            }
            guard case .blob(let bytes) = content else {
                return try await client.blob(digest, in: repository, access: access)
            }
            return bytes
        }
        try charge(bytes.count, parent.reference)
        return bytes
    }

    /// The size of a layer, from the process's memory or by HEAD.
    func layerSize(_ digest: Digest, of parent: LocatedManifest) async throws(ImportFailure) -> Int64 {
        if let known = importer.layerSizes[digest] { return known }
        let size = try await atSource(of: parent, quoting: parent.reference) { () async throws(RegistryError) in
            try await self.client.blobSize(digest, in: parent.repository, access: parent.access)
        }
        importer.layerSizes[digest] = size
        return size
    }

    private func atSource<Value: Sendable>(
        of parent: LocatedManifest, quoting reference: RemoteReference,
        _ operation: () async throws(RegistryError) -> Value
    ) async throws(ImportFailure) -> Value {
        do {
            return try await operation()
        } catch {
            throw .image(error, "\(reference)")
        }
    }
}
