public import OCI
public import RegistryClient

/// Looks whether tags elsewhere still name what they named, as cheaply as registries let it: by HEAD, which costs no
/// pull, and with what the registry said the last time (`spec/import-and-controllers.md` G.7, H.4).
///
/// One per process. A class because its memory is shared: who asks the same with the same credentials is the same query,
/// whichever namespace they come from.
public final class TagChecker: Sendable {
    /// One question. Equal queries have the same answer.
    public struct Query: Hashable, Sendable {
        public let reference: RemoteReference
        let insecure: Bool
        /// Where it is asked, one after the other; the original comes last.
        let sources: [Source]
    }

    /// A place that may know. It is shown what is for it alone, never what is for the place that it mirrors.
    struct Source: Hashable, Sendable {
        let reference: RemoteReference
        /// In the order in which they are tried; nil stands for none.
        let candidates: [Credentials?]
    }

    public enum Answer: Sendable, Hashable {
        /// What the tag names now.
        case digest(Digest)
        /// The registry wants to be left alone for a time.
        case paused(Duration)
        case failed(RegistryError)
    }

    private struct Known: Sendable {
        let validators: ContentValidators
        let digest: Digest
    }

    private struct KnownKey: Hashable, Sendable {
        let query: Query
        let source: RemoteReference
    }

    private let importer: Importer
    private let client: RegistryClient
    private let known: RecentCache<KnownKey, Known>
    /// Which of the candidates of a source was let in.
    private let admitted: RecentCache<KnownKey, Int>

    /// Credentials that are tried for one repository.
    private static let maximumCandidates = 4
    /// Checks of one registry at a time: they are small.
    private static let parallelPerHost = 8

    public init(importer: Importer) {
        self.importer = importer
        client = RegistryClient(
            transport: importer.transport, logger: importer.logger, memory: importer.memory, isBackground: true,
            limiter: HostLimiter(limit: Self.parallelPerHost))
        known = RecentCache(capacity: 50_000)
        admitted = RecentCache(capacity: 50_000)
    }

    /// The question whether a tag has moved.
    /// - Returns: nil for what is no reference, or may not be asked for.
    public func query(for text: String, insecure: Bool, credentials: RegistryKeyring) -> Query? {
        let entry = ImageImportEntry(from: text, insecure: insecure)
        guard case .work(let item, _) = ImportPlan(entry, policy: importer.policy) else { return nil }
        let node = importer.policy.nodeCredentials()
        let sources = importer.policy.pullSources(item.reference).map { source in
            let fitting = credentials.followed(by: node).credentials(for: source.repository)
            return Source(
                reference: source, candidates: fitting.prefix(Self.maximumCandidates - 1).map(Optional.some) + [nil])
        }
        return Query(reference: item.reference, insecure: insecure, sources: sources)
    }

    /// For how long the registry of a question is to be left alone; nil for not at all.
    public func pause(for query: Query) -> Duration? {
        var account: String?
        if let original = query.sources.last(where: { $0.reference == query.reference }) {
            let index = admitted[KnownKey(query: query, source: original.reference)] ?? 0
            account = original.candidates[index]?.username
        }
        return importer.transport.budgets.pause(host: query.reference.repository.apiHost, account: account)
    }

    /// Asks.
    public func check(_ query: Query) async -> Answer {
        if let pause = pause(for: query) { return .paused(pause) }
        var failure: RegistryError?
        for source in query.sources {
            do {
                return .digest(try await check(query, at: source))
            } catch {
                // The original comes last, and is what people mean.
                failure = error
            }
        }
        if failure?.status == 429, let pause = pause(for: query) { return .paused(pause) }
        return .failed(failure ?? .invalidAnswer("no source to pull from"))
    }

    private func check(_ query: Query, at place: Source) async throws(RegistryError) -> Digest {
        let source = place.reference
        let key = KnownKey(query: query, source: source)
        var order = Array(place.candidates.indices)
        if let first = admitted[key], first < order.count { order.swapAt(0, first) }
        let isInsecure = query.insecure || importer.policy.isInsecure(source.repository)
        var refusal: RegistryError?
        for index in order {
            let access = RegistryAccess(credentials: place.candidates[index], insecure: isInsecure)
            do {
                let digest = try await ask(query, source, access)
                if index != 0 { admitted[key] = index }
                importer.contents.note(digest, of: source, access: access)
                return digest
            } catch {
                guard error.isAccessRefused else { throw error }
                refusal = refusal ?? error
            }
        }
        throw refusal ?? .noBasicCredentials
    }

    private func ask(
        _ query: Query, _ source: RemoteReference, _ access: RegistryAccess
    ) async throws(RegistryError) -> Digest {
        let key = KnownKey(query: query, source: source)
        let before = known[key]
        switch try await client.checkManifest(source, access: access, unless: before?.validators) {
        case .unchanged:
            guard let before else { throw .invalidAnswer("304 without a condition") }
            return before.digest
        case .missing: throw .unexpectedStatus(404, line: "404 Not Found", retryAfter: nil)
        case .found(let digest, let validators):
            known[key] = validators.map { Known(validators: $0, digest: digest) }
            return digest
        }
    }
}

extension Importer {
    /// The image that an import takes out of a manifest list for a platform, if that was ever found out. It is a fact
    /// about the list: it holds wherever the list was met.
    ///
    /// - Parameters: empty for the configured default.
    public func choice(from list: Digest, architecture: String, os: String) -> Digest? {
        choices[choiceKey(list, architecture, os)]
    }

    func choiceKey(_ list: Digest, _ architecture: String, _ os: String) -> ListChoice {
        ListChoice(
            list: list, architecture: architecture.isEmpty ? configuration.defaultPlatform.architecture : architecture,
            os: os.isEmpty ? configuration.defaultPlatform.os : os)
    }
}

/// A list, and for which platform an image is taken out of it.
struct ListChoice: Hashable, Sendable {
    let list: Digest
    let architecture: String
    let os: String
}
