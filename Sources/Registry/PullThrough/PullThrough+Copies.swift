import APIServer
import Blobs
import Importing
import Logging
import OCI

/// Blobs that are written down while they come (spec/registry.md 4.6).
extension PullThrough {
    /// What a blob that is to be kept comes from.
    enum Delivery {
        case present(BlobBytes)
        case coming(Transfer)
    }

    /// What is fetched for a repository belongs to this.
    struct Home: Sendable {
        /// The UID.
        var namespace: String
        var incarnation: Incarnation
    }

    /// Where what is fetched for a repository belongs; nil where its stream, or its namespace, has gone meanwhile (E-7).
    func home(of repository: Repository) async throws -> Home? {
        let (core, path) = (repository.core, repository.path)
        guard let stream = repository.stream, try await core.namespaces.state(of: path.namespace) == .active,
            let namespace = try await core.namespaces.uid(of: path.namespace)
        else { return nil }
        let incarnation = try await core.index.openRepository(path, namespaceUID: namespace)
        // It goes with the stream that it was made for.
        let current = try await core.streams.stream(path.stream, namespace: path.namespace)
        guard current?.metadata.uid == stream.metadata.uid else { return nil }
        return Home(namespace: namespace, incarnation: incarnation)
    }

    /// The one transfer of a blob that is to be kept, which begins here where there is none.
    /// - Returns: nil where it is not to be kept: the repository has gone, there is no room, or too much is being copied.
    /// - Throws: `TOOMANYREQUESTS`
    func delivery(of blob: UpstreamBlob, in repository: Repository) async throws -> Delivery? {
        let core = repository.core
        guard try await hasRoom(for: blob.size, core), let home = try await home(of: repository) else { return nil }
        try await repository.dropVoidTombstone(of: blob.digest, in: home.incarnation)
        let key = Transfers.Key(digest: blob.digest, namespace: home.namespace, source: blob.source)
        switch transfers.claim(key, size: blob.size, for: home.incarnation) {
        case .full: return nil
        case .tooMany: throw Self.tooMany("too many blobs are being fetched", Self.pause)
        case .running(let running): return .coming(running)
        case .new(let new):
            // Another one may have fetched it since this request looked.
            let present = try? await core.repository(repository.path).localBlob(blob.digest)
            if let present, let file = try? await core.content.file(of: present.canonical, size: present.size) {
                // Those who have joined meanwhile read it too.
                new.advance(file.content)
                await end(key, new) { try await link(key, besides: [home.incarnation], core) }
                return .present(file)
            }
            // Goes on when the client leaves (PT-17).
            Task {
                await end(key, new) {
                    do { try await fetch(key, new, blob, core) } catch {
                        core.logger.warning(
                            "a blob could not be fetched",
                            metadata: [
                                "digest": "\(blob.digest)", "from": "\(key.source.repository)", "error": "\(error)",
                            ])
                        throw error
                    }
                }
            }
            return .coming(new)
        }
    }

    private func hasRoom(for size: Int64, _ core: RegistryCore) async throws -> Bool {
        do throws(BlobError) {
            try core.content.blobs.requireRoom(for: size)
            return try await core.content.blobs.space().free > size
        } catch {
            guard case .tooManyStagedBytes = error else { throw error }
            return false
        }
    }

    /// Ends a transfer as its work does. Who comes after that begins a new one.
    private func end(_ key: Transfers.Key, _ transfer: Transfer, _ work: () async throws -> Void) async {
        let result: Result<Void, any Error>
        do { result = .success(try await work()) } catch { result = .failure(error) }
        transfers.end(key, transfer)
        transfer.finish(result)
    }

    /// Fetches all of a blob, writes it down, and makes it a part of the repositories that want it when it is what it
    /// should be.
    private func fetch(
        _ key: Transfers.Key, _ transfer: Transfer, _ blob: UpstreamBlob, _ core: RegistryCore
    ) async throws {
        let upload = try await core.content.blobs.stage(hashing: blob.digest.algorithm)
        let first: Incarnation
        do {
            try await copy(blob, to: upload, transfer)
            transfer.advance(try await upload.staged())
            first = try await someHome(key, core)
            try await core.publish(upload, as: blob.digest, in: first, isMirrored: true)
        } catch {
            try? await upload.cancel()
            throw error
        }
        try await link(key, besides: [first], core)
    }

    /// A repository that wants a blob and is still the one that it was.
    /// - Throws: where there is none: the bytes are nobody's.
    private func someHome(_ key: Transfers.Key, _ core: RegistryCore) async throws -> Incarnation {
        for home in transfers.homes(key, besides: []) {
            let current = try await core.index.repository(home.path, namespaceUID: key.namespace)
            if current == home { return home }
        }
        throw RegistryError.unknown("the repository was deleted meanwhile", status: 409)
    }

    /// Makes a blob that is here now a part of all repositories that waited for it (8.2, 19).
    private func link(_ key: Transfers.Key, besides done: Set<Incarnation>, _ core: RegistryCore) async throws {
        var done = done
        while case let homes = transfers.homes(key, besides: done), !homes.isEmpty {
            guard let canonical = try await core.index.canonical(key.digest) else { return }
            for home in homes { _ = try await core.index.link(canonical, into: home, isMirrored: true) }
            done.formUnion(homes)
        }
    }

    private func copy(_ blob: UpstreamBlob, to upload: any BlobUpload, _ transfer: Transfer) async throws {
        var (pending, last) = (0, ContinuousClock.now)
        try await blob.read(0..<blob.size) { bytes in
            try await upload.append(bytes)
            pending += bytes.count
            let now = ContinuousClock.now
            guard pending >= Self.step || now - last >= Self.interval || upload.offset == Int64(bytes.count)
            else { return }
            (pending, last) = (0, now)
            transfer.advance(try await upload.staged())
        }
    }

    /// Time after which readers get to know of more, however little it is.
    private static let interval: Duration = .milliseconds(100)
    /// Bytes after which readers get to know of more.
    private static let step = 256 << 10
    /// Seconds after which somebody who is one too many may come again.
    static let pause = 5
}
