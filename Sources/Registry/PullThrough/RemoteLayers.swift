import APIServer
import ImageStreams
import OCI
import Synchronization

/// Copies layers of pushed images that clients need not push because other images of the stream have them, elsewhere: from
/// then on the pushed image is whole without those (spec/registry.md V-6).
///
/// The Image is marked until that is done. After a restart, whoever pulls such a layer has it copied.
///
/// A class because all pushes share its bound.
final class RemoteLayers: Sendable {
    private let upstream: PullThrough
    private let waiting = Mutex(0)
    /// Images that are being completed; layers of more are copied when somebody pulls them.
    private let capacity: Int

    init(_ upstream: PullThrough, capacity: Int = 1_000) {
        self.upstream = upstream
        self.capacity = capacity
    }

    private static let attempts = 10
    /// Before the second attempt; twice as long before each further one (PT-18).
    private static let firstPause: Duration = .seconds(60)

    /// Begins to copy blobs of an image, for nobody who waits.
    func fetch(_ blobs: [Digest], of image: Digest, _ repository: Repository) {
        guard upstream.configuration.mirrors, !blobs.isEmpty else { return }
        let hasPlace = waiting.withLock { count in
            guard count < capacity else { return false }
            count += 1
            return true
        }
        guard hasPlace else { return }
        Task {
            await complete(image, blobs, repository.core, repository.path)
            waiting.withLock { $0 -= 1 }
        }
    }

    private func complete(_ image: Digest, _ blobs: [Digest], _ core: RegistryCore, _ path: RepositoryPath) async {
        var pause = Self.firstPause
        for attempt in 1...Self.attempts {
            do {
                for blob in blobs {
                    let repository = try await core.repository(path)
                    // The stream may have gone meanwhile.
                    guard repository.stream != nil else { return }
                    guard try await repository.lacks(blob) else { continue }
                    _ = try await upstream.keep(blob: blob, in: repository)
                }
                return try await core.streams.noteComplete(
                    image.description, isMirrored: false, core.ownContext(path))
            } catch {
                core.logger.warning(
                    "layers of a pushed image could not be copied",
                    metadata: ["image": "\(image)", "repository": "\(path)", "error": "\(error)"])
            }
            guard attempt < Self.attempts, (try? await Task.sleep(for: pause)) != nil else { return }
            pause *= 2
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
