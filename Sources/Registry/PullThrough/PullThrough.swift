import APIMachinery
import APIServer
import Blobs
import HTTPTypes
import ImageAPI
import ImageStreams
import Importing
import JSON
import Logging
import OCI
import Store

/// Serves what streams name elsewhere, with the namespace's pull secrets, and keeps it (spec/registry.md 4).
///
/// Only what belongs to an image of the stream is ever asked for. Tags are not looked up again: the stream says what
/// they mean.
public struct PullThrough: Sendable {
    /// How much of it there is.
    public struct Configuration: Sendable {
        /// Whether what was fetched is kept.
        public var mirrors = true
        /// Bytes of a blob that is kept; larger ones are fetched each time.
        public var maximumMirrorBytes: Int64 = .max

        public init() {}
    }

    private let transport: UpstreamTransport
    private let secrets: any PullSecretSource
    let configuration: Configuration
    let transfers = Transfers()
    private let logger: Logger

    public init(
        transport: UpstreamTransport, secrets: any PullSecretSource, configuration: Configuration = .init(),
        logger: Logger
    ) {
        self.transport = transport
        self.secrets = secrets
        self.configuration = configuration
        self.logger = logger
    }

    // MARK: Manifests

    /// A manifest that is visible in the repository and not held here.
    /// - Returns: nil where no event says where it came from.
    /// - Throws: `OPENSHIFT_PULLTHROUGH_MANIFEST`, `TOOMANYREQUESTS`.
    func manifest(
        _ digest: Digest, in repository: Repository, _ call: RegistryCall
    ) async throws -> StoredManifest? {
        guard let source = try await source(ofManifest: digest, in: repository) else { return nil }
        let session = try await session(repository, call)
        let fetched: (bytes: [UInt8], mediaType: String)
        do {
            fetched = try await session.manifest(digest, in: source.repository, isInsecure: source.isInsecure)
        } catch {
            throw Self.refusal(error, "\(source.repository)@\(digest)")
        }
        let manifest = StoredManifest(digest: digest, mediaType: fetched.mediaType, bytes: fetched.bytes)
        if configuration.mirrors {
            do { try await keep(manifest, in: repository) } catch {
                logger.warning(
                    "a manifest could not be kept", metadata: ["digest": "\(digest)", "error": "\(error)"])
            }
        }
        return manifest
    }

    /// The manifest that a tag names where an image of the repository came from: its signatures, for example (PT-26).
    func manifest(
        tagged tag: String, of subject: Digest, in repository: Repository, _ call: RegistryCall
    ) async throws -> StoredManifest? {
        guard let source = try await source(ofManifest: subject, in: repository) else { return nil }
        let session = try await session(repository, call)
        guard
            let fetched = try? await session.manifest(
                tagged: tag, in: source.repository, isInsecure: source.isInsecure)
        else { return nil }
        let manifest = StoredManifest(
            digest: Digest.sha256(of: fetched.bytes), mediaType: fetched.mediaType, bytes: fetched.bytes)
        try await keep(manifest, in: repository)
        return manifest
    }

    /// The newest event with the image says where it came from, else that of a list that names it (Y-3).
    private func source(ofManifest digest: Digest, in repository: Repository) async throws -> UpstreamSource? {
        guard let stream = repository.stream else { return nil }
        let sources = UpstreamSources(stream) { repository.core.isOwn($0) }
        var pending = [digest.description]
        var seen: Set<String> = []
        let lists = try await repository.core.contents.contents(of: stream, at: repository.path).lists
        while let name = pending.popLast() {
            guard seen.insert(name).inserted else { continue }
            if let source = sources.source(ofImage: name) { return source }
            pending += lists[name] ?? []
        }
        return nil
    }

    /// The manifest belongs to the repository from now on, and says nothing of who may see its blobs.
    private func keep(_ manifest: StoredManifest, in repository: Repository) async throws {
        let core = repository.core
        let canonical = Digest.sha256(of: manifest.bytes)
        let incarnation = try await core.openRepository(repository.path)
        try await core.content.publish(
            manifest.bytes, ManifestFacts(mediaType: manifest.mediaType, unvouched: nil), canonical: canonical,
            as: manifest.digest)
        let document = try? PushedManifest(parsing: manifest.bytes, contentType: manifest.mediaType)
        var record = ManifestRecord(
            mediaType: manifest.mediaType, size: Int64(manifest.bytes.count), canonical: canonical,
            subject: document?.subject?.digest, blobs: document?.blobs ?? [],
            children: document?.children.map(\.digest) ?? [], pushed: core.index.now())
        record.isFetched = true
        let known = try await core.index.manifest(manifest.digest, in: incarnation.id)
        if let known, !known.isDeleted { return }
        let rows = core.index.linkRows(
            manifest.digest, record,
            referrer: document?.subject.flatMap { _ in document?.referrer(as: manifest.digest) },
            replacing: known, in: incarnation.id)
        try await core.index.write(rows, in: incarnation)
    }

    // MARK: Asking

    func session(_ repository: Repository, _ call: RegistryCall) async throws -> UpstreamSession {
        var keyring = RegistryKeyring([])
        do {
            let found = try await secrets.pullSecrets(in: repository.path.namespace)
            keyring = RegistryKeyring.reading(found.items).keyring
        } catch {
            // Perhaps it can be had without (PT-10).
            logger.warning(
                "pull secrets cannot be read",
                metadata: ["namespace": "\(repository.path.namespace)", "error": "\(error)"])
        }
        return UpstreamSession(
            transport: transport, credentials: keyring, trace: try trace(call), logger: logger)
    }

    /// The URLs of the requests that this one works for, its own last. One that is in there already came round (PT-29).
    private func trace(_ call: RegistryCall) throws -> [String] {
        let scheme = call.request.isSecure ? "https" : "http"
        let own = "\(scheme)://\(Challenge.host(of: call.request))\(call.request.path)"
        return call.request.headers[values: .registryRequestURL] + [own]
    }

    static func refusal(_ failure: UpstreamSession.Failure, _ reference: String) -> RegistryError {
        if failure.isRateLimit { return tooMany("unable to pullthrough manifest", failure.retryAfter) }
        return RegistryError(
            404, .pullThroughManifest, "unable to pull manifest from \(reference): \(failure)")
    }

    static func tooMany(_ message: String, _ retryAfter: Int?) -> RegistryError {
        RegistryError(
            429, .tooManyRequests, message, headers: [.retryAfter: String(max(1, retryAfter ?? 60))])
    }
}
