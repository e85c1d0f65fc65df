import APIServer
import ImageStreams
import OCI
import Store
import Synchronization

/// Copies layers of pushed images that clients need not push because other images of the stream have them, elsewhere: from
/// then on the pushed image is whole without those (spec/registry.md V-6).
///
/// The Image is marked until that is done, and a row says what is missing: it is written with the push. What a push, or a
/// server that ended, has left undone is tried again from there.
///
/// A class because all pushes share its bound.
final class RemoteLayers: Sendable {
    /// A pushed image that is not whole here.
    struct Item: Hashable, Sendable {
        var path: RepositoryPath
        var image: Digest

        var key: String { "\(RegistryKeys.remoteLayers)\(path)/\(image)" }

        init(_ path: RepositoryPath, _ image: Digest) {
            self.path = path
            self.image = image
        }

        init?(key: String) {
            let names = key.dropFirst(RegistryKeys.remoteLayers.count).split(separator: "/")
            guard names.count == 3, let image = Digest(String(names[2])) else { return nil }
            self.init(RepositoryPath(namespace: String(names[0]), stream: String(names[1])), image)
        }
    }

    private let upstream: PullThrough
    private let running = Mutex<Set<Item>>([])
    /// Images that pushes have begun to complete; others wait for `run`.
    private let capacity: Int

    init(_ upstream: PullThrough, capacity: Int = 1_000) {
        self.upstream = upstream
        self.capacity = capacity
    }

    private static let attempts = 10
    /// Before the second attempt; twice as long before each further one (PT-18).
    private static let firstPause: Duration = .seconds(60)
    private static let longestPause: Duration = .seconds(6 * 3_600)
    /// Images of earlier pushes at the same time.
    private static let workers = 4

    /// The row that goes with a push; none where nothing will be copied.
    func row(_ blobs: [Digest], of image: Digest, in path: RepositoryPath) -> [Mutation] {
        guard upstream.configuration.mirrors, !blobs.isEmpty else { return [] }
        let text = blobs.map(\.description).joined(separator: "\n")
        return [.put(key: Item(path, image).key, value: Array(text.utf8))]
    }

    /// Begins to copy blobs of an image, for nobody who waits.
    func fetch(_ blobs: [Digest], of image: Digest, _ repository: Repository) {
        let item = Item(repository.path, image)
        guard upstream.configuration.mirrors, !blobs.isEmpty, begin(item, within: capacity) else { return }
        Task {
            var pause = Self.firstPause
            for attempt in 1...Self.attempts {
                if await complete(item, blobs, repository.core) { break }
                guard attempt < Self.attempts, (try? await Task.sleep(for: pause)) != nil else { break }
                pause *= 2
            }
            end(item)
        }
    }

    private func begin(_ item: Item, within capacity: Int = .max) -> Bool {
        running.withLock { $0.count < capacity && $0.insert(item).inserted }
    }

    private func end(_ item: Item) { running.withLock { _ = $0.remove(item) } }

    // MARK: Earlier pushes

    /// Completes images of earlier pushes, at once and then again and again, until the task is cancelled.
    func run(_ core: RegistryCore) async {
        guard upstream.configuration.mirrors else { return }
        var pause = Self.firstPause
        while !Task.isCancelled {
            let isDone: Bool
            do { isDone = try await completeAll(core) } catch {
                isDone = false
                core.logger.warning("pushed images could not be completed", metadata: ["error": "\(error)"])
            }
            guard (try? await Task.sleep(for: isDone ? Self.longestPause : pause)) != nil else { return }
            pause = isDone ? Self.firstPause : min(pause * 2, Self.longestPause)
        }
    }

    /// - Returns: whether nothing is left to do.
    private func completeAll(_ core: RegistryCore) async throws -> Bool {
        var isDone = true
        try await core.index.store.forEachPage(.prefix(RegistryKeys.remoteLayers), limit: 100) { rows in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for (number, row) in rows.enumerated() {
                    if number >= Self.workers, let result = try await group.next() { isDone = isDone && result }
                    group.addTask { try await self.complete(row, core) }
                }
                for try await result in group { isDone = isDone && result }
            }
        }
        return isDone
    }

    /// - Returns: false where it is to be tried again.
    private func complete(_ row: KeyValue, _ core: RegistryCore) async throws -> Bool {
        guard let item = Item(key: row.key) else {
            _ = try await core.index.store.commit(Transaction(mutations: [.delete(key: row.key)]))
            return true
        }
        // A push sees to it.
        guard begin(item) else { return true }
        defer { end(item) }
        let blobs = String(decoding: row.value, as: UTF8.self).split(separator: "\n").compactMap { Digest(String($0)) }
        return await complete(item, blobs, core)
    }

    /// One attempt.
    /// - Returns: whether all is done, or not wanted any more.
    private func complete(_ item: Item, _ blobs: [Digest], _ core: RegistryCore) async -> Bool {
        do {
            if try await core.isReadOnly(item.path.namespace) { return false }
            for blob in blobs {
                let repository = try await core.repository(item.path)
                // The stream, or the manifest, may have gone meanwhile.
                guard repository.stream != nil, try await repository.gives(item.image) else { break }
                guard try await repository.lacks(blob) else { continue }
                _ = try await upstream.keep(blob: blob, in: repository)
            }
            if try await core.repository(item.path).gives(item.image) {
                try await core.streams.noteComplete(
                    item.image.description, isMirrored: false, core.ownContext(item.path))
            }
            _ = try await core.index.store.commit(Transaction(mutations: [.delete(key: item.key)]))
            return true
        } catch {
            core.logger.warning(
                "layers of a pushed image could not be copied",
                metadata: ["image": "\(item.image)", "repository": "\(item.path)", "error": "\(error)"])
            return false
        }
    }
}

extension RegistryCore {
    /// A context for what the registry does by itself.
    func ownContext(_ path: RepositoryPath) -> RequestContext {
        RequestContext(
            id: "", user: .system, namespace: path.namespace, resource: ImageStreamsGroup.resource("images"),
            userAgent: "weir", now: clock(), logger: logger)
    }
}
