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
            try await self.client.manifest(source, access: access)
        }
        return LocatedManifest(fetched: fetched, reference: source, access: access)
    }

    /// Fetches another manifest from the place that served `parent`.
    func child(_ digest: Digest, of parent: LocatedManifest) async throws(ImportFailure) -> LocatedManifest {
        let reference = RemoteReference(repository: parent.repository, digest: digest)
        let fetched = try await atSource(of: parent, quoting: reference) { () async throws(RegistryError) in
            try await self.client.manifest(reference, access: parent.access)
        }
        return LocatedManifest(fetched: fetched, reference: reference, access: parent.access)
    }

    /// The config blob of an image, from the place that served its manifest.
    func config(_ digest: Digest, of parent: LocatedManifest) async throws(ImportFailure) -> [UInt8] {
        try await atSource(of: parent, quoting: parent.reference) { () async throws(RegistryError) in
            try await self.client.blob(digest, in: parent.repository, access: parent.access)
        }
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
            return try await importer.limiter.run(parent.repository.apiHost, operation)
        } catch {
            throw .image(error, "\(reference)")
        }
    }
}
