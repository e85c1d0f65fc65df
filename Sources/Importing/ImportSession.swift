import OCI
import RegistryClient
import Synchronization

/// One import request at work: its memory of registries, tokens and of the credentials that were let in.
///
/// A class because the entries, which run side by side, share that memory.
final class ImportSession: Sendable {
    struct AccessKey: Hashable {
        let repository: RepositoryName
        let insecure: Bool
    }

    let importer: Importer
    let client: RegistryClient
    let credentials: any CredentialSource
    let isBackground: Bool
    /// The credentials that worked, per repository; anonymous is a value of its own.
    private let admitted = Mutex<[AccessKey: Credentials?]>([:])
    /// Bytes of manifests and configs that were taken in.
    private let size = Mutex(0)

    init(importer: Importer, credentials: any CredentialSource, isBackground: Bool = false) {
        self.importer = importer
        self.credentials = credentials
        self.isBackground = isBackground
        client = RegistryClient(
            transport: importer.transport, logger: importer.logger,
            memory: importer.memory.forOneRequest(isBackground: isBackground),
            isBackground: isBackground, limiter: importer.limiter)
    }

    /// Imports the entries of `spec.images`; also gives the outcome of each distinct item, for a repository import
    /// that may need them.
    func importImages(
        _ entries: [ImageImportEntry]
    ) async -> (results: [ImageImportResult], outcomes: [WorkItem: WorkItem.Outcome]) {
        let plans = entries.map { ImportPlan($0, policy: importer.policy) }
        var spelling: [RepositoryKey: ImageReference] = [:]
        var items: [WorkItem] = []
        var seen: Set<WorkItem> = []
        for case .work(let item, let written) in plans {
            let key = RepositoryKey(item.reference.repository)
            if spelling[key] == nil { spelling[key] = written }
            if seen.insert(item).inserted { items.append(item) }
        }
        let outcomes = await outcomes(of: items)
        let results = plans.map { plan in
            switch plan {
            case .refused(let failure):
                return ImageImportResult(tag: nil, result: .failure(failure))
            case .work(let item, let written):
                let name = spelling[RepositoryKey(item.reference.repository)] ?? written
                return Self.result(item, outcomes[item], repository: name)
            }
        }
        return (results, outcomes)
    }

    /// Counts what was taken in.
    /// - Throws: where that is too much for one request: registries may have anything.
    func charge(_ bytes: Int, _ reference: RemoteReference) throws(ImportFailure) {
        let limit = importer.configuration.maxBytes
        let isTooMuch = size.withLock { size in
            size += bytes
            return size > limit
        }
        guard isTooMuch else { return }
        throw .remote(
            reference: "\(reference)",
            text:
                "the manifests and configs of this import have more than \(limit) bytes: import fewer images at a time")
    }

    func outcomes(of items: [WorkItem]) async -> [WorkItem: WorkItem.Outcome] {
        let limit = importer.configuration.parallelEntries
        let outcomes = await mapConcurrently(items, limit: limit) { item in await self.outcome(of: item) }
        return Dictionary(zip(items, outcomes), uniquingKeysWith: { first, _ in first })
    }

    private func outcome(of item: WorkItem) async -> WorkItem.Outcome {
        let outcome: WorkItem.Outcome? = await withDeadline(importer.configuration.entryTimeout) {
            do throws(ImportFailure) { return .success(try await self.image(of: item)) } catch {
                return .failure(error)
            }
        }
        return outcome
            ?? .failure(.remote(reference: "\(item.reference)", text: "context deadline exceeded"))
    }

    /// The outcome as an entry reports it. There is always one; should that ever fail, it is said, as in the reference.
    static func result(
        _ item: WorkItem, _ outcome: WorkItem.Outcome?, repository: ImageReference
    ) -> ImageImportResult {
        let kind = item.tag == nil ? "digest" : "tag"
        let missing = ImportFailure.unusable(
            text: "unknown error while importing \(kind) \"\(item.reference.selector)\" from repository "
                + "\"\(repository.asRepository().exact)\" with import mode \"\(item.mode.rawValue)\", please try again."
        )
        let result = (outcome ?? .failure(missing)).map { $0.named(in: repository) }
        return ImageImportResult(tag: item.tag, result: result)
    }
}

extension ImportSession {
    /// Credentials that are tried for one repository, before none at all: who has very many for one place cannot make
    /// the server guess there.
    private static let maximumCredentials = 10

    /// Whether a repository has let these credentials in for this import.
    func isAdmitted(_ access: RegistryAccess, to repository: RepositoryName) -> Bool {
        let key = AccessKey(repository: repository, insecure: access.insecure)
        return admitted.withLock { $0[key] } == .some(access.credentials)
    }

    /// Runs `operation` with each fitting credential until one is let in, then anonymously (A.10.5, A.22).
    ///
    /// What was let in once is used first from then on. When nobody is let in, the first refusal is reported: it tells
    /// about the credential the user meant.
    func withAccess<Value: Sendable>(
        to repository: RepositoryName, insecure: Bool, quoting reference: String,
        failure: (RegistryError, String) -> ImportFailure,
        _ operation: (RegistryAccess) async throws(RegistryError) -> Value
    ) async throws(ImportFailure) -> (value: Value, access: RegistryAccess) {
        let key = AccessKey(repository: repository, insecure: insecure)
        var candidates: [Credentials?]
        do {
            let own = try await credentials.credentials(for: repository)
            let node = importer.policy.nodeCredentials().credentials(for: repository).filter { !own.contains($0) }
            candidates = (own + node).prefix(Self.maximumCredentials).map(Optional.some) + [nil]
        } catch {
            throw .credentialsUnreadable(reference: reference, text: String(describing: error))
        }
        if let known = admitted.withLock({ $0[key] }) {
            candidates.removeAll { $0 == known }
            candidates.insert(known, at: 0)
        }
        var refusal: RegistryError?
        for candidate in candidates {
            let access = RegistryAccess(credentials: candidate, insecure: insecure)
            do {
                let value = try await operation(access)
                admitted.withLock { $0[key] = .some(candidate) }
                return (value, access)
            } catch {
                guard error.isAccessRefused else { throw failure(error, reference) }
                refusal = refusal ?? error
            }
        }
        throw failure(refusal ?? .noBasicCredentials, reference)
    }
}
