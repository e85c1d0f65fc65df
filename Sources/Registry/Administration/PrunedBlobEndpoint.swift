import APIServer
import HTTPTypes
import ImageStreams
import JSON
import OCI
import Store

/// `/admin/blobs/<digest>`: who prunes says that nothing needs a blob any more (spec/registry.md Q-1).
///
/// The caller's view may be old, so nothing is removed here: the blob is given up, and the collector removes it when it
/// finds, too, that nothing refers to it. Whoever uses it before keeps it.
struct PrunedBlobEndpoint: Sendable {
    let core: RegistryCore

    func delete(_ digest: Digest, _ call: RegistryCall) async throws -> ServerResponse {
        guard let canonical = try await core.index.canonical(digest) else { return ServerResponse(status: 204) }
        let isForced = call.query.flag("force") == true
        if !isForced {
            let users = try await users(of: digest, canonical)
            guard users.isEmpty else {
                throw RegistryError(
                    409, .unsupported, "the blob is in use",
                    detail: ["repositories": .array(JSONArray(users.map { .string($0) }))])
            }
        }
        try await core.index.condemn(canonical, isHidden: isForced)
        return ServerResponse(status: 204)
    }

    /// Repositories with an image that needs it, or with a manifest that was used lately and has no tag yet, as far as can
    /// be told without a look at all of them.
    private func users(of digest: Digest, _ canonical: Digest) async throws -> [String] {
        var users = try await core.index.streams(naming: digest.description, limit: 16)
        for path in try await core.index.blob(canonical)?.repositories ?? [] where !users.contains(path.description) {
            let repository = try await core.repository(path)
            if try await repository.belongsToImage(digest) {
                users.append(path.description)
            } else if let id = repository.incarnation?.id, try await isNamed(canonical, in: id) {
                users.append(path.description)
            }
        }
        return users
    }

    /// Whether a young manifest of a repository is this content, or names it.
    private func isNamed(_ canonical: Digest, in id: String) async throws -> Bool {
        // Who prunes takes the links away first.
        if try await core.index.layer(canonical, in: id)?.isDeleted == true { return false }
        let youngest = core.index.now() - core.configuration.grace
        return try await core.index.isNamed(canonical, in: id, since: youngest)
    }
}

extension RegistryIndex {
    /// Gives a blob up, unless somebody has used it meanwhile.
    /// - Parameter isHidden: also from those who need it.
    func condemn(_ canonical: Digest, isHidden: Bool) async throws(StoreError) {
        let key = RegistryKeys.blob(canonical)
        while true {
            let row = try await blobRow(canonical)
            guard let condemned = row.record?.givenUp(at: now(), isHidden: isHidden) else { return }
            do throws(StoreError) {
                _ = try await store.commit(
                    Transaction(
                        conditions: [.modRevision(of: key, equals: row.revision)],
                        mutations: [.put(key: key, value: condemned.encoded)]))
                return
            } catch {
                guard case .conflict = error else { throw error }
            }
        }
    }

    /// Streams whose history may name an image: `namespace/name`.
    func streams(naming image: String, limit: Int) async throws(StoreError) -> [String] {
        let prefix = LedgerKeys.referencePrefix(image: image)
        return try await store.range(.prefix(prefix), limit: limit, keysOnly: true).kvs.map {
            String($0.key.dropFirst(prefix.count))
        }
    }
}
