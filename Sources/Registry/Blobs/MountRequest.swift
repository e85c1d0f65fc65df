import APIServer
import HTTPTypes
import OCI

/// Takes a blob over from another repository (spec/registry.md 1.11).
struct MountRequest: Sendable {
    let core: RegistryCore

    /// - Returns: nil where an ordinary upload is to begin: no reason is given, because it would say what exists.
    func mount(into target: Incarnation, _ call: RegistryCall) async throws -> ServerResponse? {
        guard let text = call.query["mount"], let digest = try? Digest(supported: text) else { return nil }
        for path in try await sources(of: digest, target, call) {
            let isOwn = path == target.path
            let mayPull = try await isOwn ? true : core.access.isAllowed(.repository(path, .pull), to: call.user)
            guard mayPull, let blob = try await core.repository(path).localBlob(digest, isWanted: true) else {
                continue
            }
            let isLinked = try await core.charging([blob.canonical: blob.size], to: target) {
                try await core.index.link(blob.canonical, into: target)
            }
            guard isLinked else { continue }
            return ServerResponse(
                status: 201,
                headers: [
                    .location: "/v2/\(target.path.name)/blobs/\(digest)", .dockerContentDigest: digest.description,
                ])
        }
        return nil
    }

    private func sources(
        of digest: Digest, _ target: Incarnation, _ call: RegistryCall
    ) async throws -> [RepositoryPath] {
        if let from = call.query["from"] {
            let nested = core.configuration.nestedNames
            guard let path = try? RepositoryPath(parsing: from, nested: nested) else { return [] }
            do { try await core.check(path) } catch is RegistryError { return [] }
            return [path]
        }
        guard core.configuration.mountsWithoutSource, let canonical = try await core.index.canonical(digest) else {
            return []
        }
        return [target.path] + (try await core.index.blob(canonical)?.repositories ?? [])
    }
}
