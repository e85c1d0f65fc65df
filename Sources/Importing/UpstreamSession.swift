public import JSON
public import Logging
public import OCI
public import RegistryClient

/// Fetches content by its digest from where images came from, for one request of somebody who pulls them
/// (spec/registry.md 4).
public struct UpstreamSession: Sendable {
    private let client: RegistryClient
    private let credentials: RegistryKeyring
    private let policy: PullPolicy

    /// Credentials that are tried for one repository, before none at all.
    private static let maximumCredentials = 3
    /// Bytes of a blob that anybody could have: a pebibyte.
    private static let maximumSize: Int64 = 1 << 50
    /// How long a registry may take to begin an answer, where somebody waits for ours and where nobody does.
    private static let patience: (waiting: Duration, background: Duration) = (.seconds(8), .seconds(30))
    /// For a connection and the first answer over it, by https and by http each, where somebody waits.
    private static let pingTimeout: Duration = .seconds(5)

    /// Nobody waits for it.
    public let isBackground: Bool

    /// - Parameters:
    ///   - credentials: of the namespace.
    ///   - policy: where else than at its source content may be had.
    ///   - trace: the URLs of the requests that this one works for.
    ///   - isBackground: nobody waits for it: nothing is asked of registries that have had enough (429).
    ///   - patience: how long a registry may take to begin an answer; nil for what depends on whether somebody waits.
    public init(
        transport: UpstreamTransport, credentials: RegistryKeyring, policy: PullPolicy, trace: [String],
        isBackground: Bool = false, patience: Duration? = nil, logger: Logger
    ) {
        self.isBackground = isBackground
        client = RegistryClient(
            transport: transport.transport, logger: logger,
            trace: Array(trace.suffix(RegistryClient.maximumTrace)),
            requestTimeout: patience ?? (isBackground ? Self.patience.background : Self.patience.waiting),
            pingTimeout: patience ?? (isBackground ? nil : Self.pingTimeout), isBackground: isBackground,
            limiter: transport.limiter)
        self.credentials = credentials.followed(by: policy.nodeCredentials())
        self.policy = policy
    }

    /// Why something could not be had.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// The status that the registry answered with; nil where it did not answer.
        public var status: Int?
        /// Seconds after which it wants to be asked again.
        public var retryAfter: Int?
        /// Nobody answered there, or not in time.
        public var isUnreachable = false
        public var description: String

        public init(_ text: String) { description = text }

        init(_ error: RegistryError) {
            status = error.status
            retryAfter = error.retryAfter.map { Int($0.components.seconds) }
            description = Self.text(error)
            if case .network(_, _, let failure) = error { isUnreachable = failure.isUnreachable }
        }

        /// An answer to HEAD has nothing but its status to say.
        private static func text(_ error: RegistryError) -> String {
            guard case .unexplained(let status, _, "", _) = error else { return error.text }
            switch status {
            case 403: return RegistryErrorEntry(code: "DENIED").text
            case 404: return RegistryErrorEntry(code: "NAME_UNKNOWN").text
            case 429: return RegistryErrorEntry(code: "TOOMANYREQUESTS").text
            default: return error.text
            }
        }

        /// The registry has seen too many requests.
        public var isRateLimit: Bool { status == 429 }
    }

    /// Where content that belongs to a repository may be had: its mirrors, itself at last, unless the configuration says
    /// that it is never to be asked (PT-13).
    public func locations(of content: ManifestSelector, in repository: RepositoryName) -> [RepositoryName] {
        policy.pullSources(RemoteReference(repository: repository, selector: content)).map(\.repository)
    }

    /// Whether the configuration lets the certificate of a repository's host be bad.
    public func isInsecure(_ repository: RepositoryName) -> Bool { policy.isInsecure(repository) }

    /// What refers to a manifest, a descriptor each, as the registry says.
    public func referrers(
        of subject: Digest, in repository: RepositoryName, isInsecure: Bool
    ) async throws(Failure) -> [JSONValue] {
        try await withAccess(to: repository, isInsecure) { (access) async throws(RegistryError) in
            try await client.referrers(of: subject, in: repository, access: access)
        }
    }

    /// Runs `operation` for at most `limit`; nil when the time is over. It must obey cancellation.
    public static func within<Value: Sendable>(
        _ limit: Duration, _ operation: @escaping @Sendable () async -> Value
    ) async -> Value? {
        await withDeadline(limit, operation: operation)
    }

    /// A manifest, whose bytes are those of the digest.
    public func manifest(
        _ digest: Digest, in repository: RepositoryName, isInsecure: Bool
    ) async throws(Failure) -> (bytes: [UInt8], mediaType: String) {
        try await manifest(RemoteReference(repository: repository, digest: digest), isInsecure: isInsecure)
    }

    /// The manifest that a tag names there now.
    public func manifest(
        tagged tag: String, in repository: RepositoryName, isInsecure: Bool
    ) async throws(Failure) -> (bytes: [UInt8], mediaType: String) {
        try await manifest(RemoteReference(repository: repository, tag: tag), isInsecure: isInsecure)
    }

    private func manifest(
        _ reference: RemoteReference, isInsecure: Bool
    ) async throws(Failure) -> (bytes: [UInt8], mediaType: String) {
        let fetched = try await withAccess(to: reference.repository, isInsecure) {
            (access) async throws(RegistryError) in try await client.manifest(reference, access: access)
        }
        return (fetched.bytes, fetched.manifest.mediaType)
    }

    /// The size of a blob in bytes, as the registry says.
    public func size(
        of digest: Digest, in repository: RepositoryName, isInsecure: Bool
    ) async throws(Failure) -> Int64 {
        let size = try await withAccess(to: repository, isInsecure) { (access) async throws(RegistryError) in
            try await client.blobSize(digest, in: repository, access: access)
        }
        guard size <= Self.maximumSize else { throw Failure("it says that the blob has \(size) bytes") }
        return size
    }

    /// Begins to fetch a blob.
    /// - Parameter range: bytes, where not all are wanted; the registry may send all the same.
    public func download(
        _ digest: Digest, in repository: RepositoryName, isInsecure: Bool, range: Range<Int64>? = nil
    ) async throws(Failure) -> UpstreamDownload {
        let download = try await withAccess(to: repository, isInsecure) { (access) async throws(RegistryError) in
            try await client.download(digest, in: repository, access: access, range: range)
        }
        return UpstreamDownload(download: download)
    }

    /// Tries the credentials that fit, and none at last. The first refusal is told: it is about what the user meant.
    private func withAccess<Value: Sendable>(
        to repository: RepositoryName, _ isInsecure: Bool,
        _ operation: (RegistryAccess) async throws(RegistryError) -> Value
    ) async throws(Failure) -> Value {
        let candidates = credentials.credentials(for: repository).prefix(Self.maximumCredentials).map(Optional.some)
        var refusal: RegistryError?
        for candidate in candidates + [nil] {
            do {
                return try await operation(RegistryAccess(credentials: candidate, insecure: isInsecure))
            } catch {
                guard error.isAccessRefused else { throw Failure(error) }
                refusal = refusal ?? error
            }
        }
        throw Failure(refusal ?? .noBasicCredentials)
    }
}

/// The connections that sessions share.
public struct UpstreamTransport: Sendable {
    let transport: RegistryTransport
    /// Bounds the answers that are waited for; who waits for a turn does not wait for the registry.
    let limiter = HostLimiter(limit: Self.requestsPerHost)

    /// Together with those of imports and looks at tags, fewer than there are connections.
    private static let requestsPerHost = 48

    public init(_ transport: RegistryTransport) { self.transport = transport }
}

/// The bytes of a blob on their way. Nothing is verified.
public struct UpstreamDownload: Sendable {
    fileprivate let download: BlobDownload

    /// Bytes that will come, as the registry says; nil where it does not.
    public var announcedLength: Int64? { download.announcedLength }
    /// Only the range that was asked for comes.
    public var isPartial: Bool { download.isPartial }

    /// Hands the pieces to `consume` one after the other, at its pace.
    /// - Throws: where the connection breaks or stalls, and what `consume` throws.
    public func read(_ consume: ([UInt8]) async throws -> Void) async throws { try await download.read(consume) }
}
