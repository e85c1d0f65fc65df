import APIMachinery
import APIServer
import OCI
import Store
import Synchronization

/// How many bytes the repositories of a namespace hold, where a quota bounds them (spec/registry.md 5.7).
///
/// A blob counts once, however many repositories of the namespace link it; what was fetched from elsewhere does not. The
/// links of a namespace are walked once; from then on what comes is added. What goes makes the sum too high, which is put
/// right in the background, or before anybody is refused because of it.
///
/// A class because all pushes share it.
public final class NamespaceStorage: Sendable {
    private let index: RegistryIndex
    private let namespaces: any NamespaceLookup
    private let quota: any StorageQuota
    private let tallies: Mutex<[String: StorageTally]>
    private let turns = KeyedLocks<String>()
    private let capacity: Int

    /// - Parameter capacity: namespaces whose sums are kept; others are counted again.
    public init(
        index: RegistryIndex, namespaces: any NamespaceLookup, quota: any StorageQuota, capacity: Int = 1_000
    ) {
        self.index = index
        self.namespaces = namespaces
        self.quota = quota
        self.capacity = capacity
        tallies = Mutex([:])
    }

    // MARK: Charging

    /// Runs what links blobs into a repository, if the namespace has room for those that it does not hold yet.
    ///
    /// However many run at once, together they take no more than there is.
    /// - Parameter blobs: their sizes in bytes.
    /// - Throws: 403 `DENIED` with the quota in its text; what `link` throws.
    func charging<Result: Sendable>(
        _ blobs: [Digest: Int64], to repository: Incarnation, _ link: () async throws -> Result
    ) async throws -> Result {
        let namespace = repository.path.namespace
        let bounds = try await quota.storageBounds(in: namespace)
        guard !bounds.isEmpty, let uid = try await namespaces.uid(of: namespace) else {
            let result = try await link()
            reset(namespace)
            return result
        }
        let held = try await reserve(try await canonical(blobs), namespace, uid, bounds)
        let result: Result
        do { result = try await link() } catch {
            change(namespace) { $0.release(held.keys) }
            throw error
        }
        // Only now is it known what new ones are called here.
        let linked = try await canonical(blobs)
        let isCurrent = try await index.repository(repository.path, namespaceUID: uid)?.id == repository.id
        var isMore = false
        change(namespace) { tally in
            tally.release(held.keys)
            isMore = tally.add(linked)
            // The stream went meanwhile, and took them along.
            if !isCurrent { tally.isTooHigh = true }
        }
        if isMore { quota.storageChanged(in: namespace) }
        return result
    }

    /// The blobs by the names that the tallies know, where those are known.
    private func canonical(_ blobs: [Digest: Int64]) async throws -> [Digest: Int64] {
        var named: [Digest: Int64] = [:]
        for (digest, size) in blobs { named[try await index.canonical(digest) ?? digest] = size }
        return named
    }

    /// Refuses an upload that cannot end well, before its bytes come.
    ///
    /// - Parameters:
    ///   - bytes: of all of it.
    ///   - digest: nil where the client has not said what it will be: then it is let in where it may be there already.
    /// - Throws: 403 `DENIED` with the quota in its text.
    func requireRoom(for bytes: Int64, of digest: Digest?, in namespace: String) async throws {
        let bounds = try await quota.storageBounds(in: namespace)
        guard bytes > 0, !bounds.isEmpty, let uid = try await namespaces.uid(of: namespace) else { return }
        let name = if let digest { try await index.canonical(digest) ?? digest } else { digest }
        _ = try await settle(namespace, uid) { $0.foresee(bytes, as: name, within: bounds) }
    }

    /// - Returns: those of the blobs that are new to the namespace.
    private func reserve(
        _ blobs: [Digest: Int64], _ namespace: String, _ uid: String, _ bounds: [StorageBound]
    ) async throws -> [Digest: Int64] {
        try await settle(namespace, uid) { $0.reserve(blobs, within: bounds) }
    }

    /// Asks the tally, which is made or put right first where a refusal would be wrong otherwise.
    private func settle(
        _ namespace: String, _ uid: String, _ ask: @Sendable (inout StorageTally) -> StorageTally.Outcome
    ) async throws -> [Digest: Int64] {
        var hasCounted = false
        while true {
            let outcome = tallies.withLock { tallies -> StorageTally.Outcome in
                guard let place = tallies.index(forKey: namespace), tallies.values[place].uid == uid else {
                    return .uncounted
                }
                return ask(&tallies.values[place])
            }
            switch outcome {
            case .reserved(let held): return held
            case .refused(_, isSure: false) where !hasCounted: break
            case .refused(let text, _): throw RegistryError.denied(text)
            case .uncounted: break
            }
            try await count(namespace, uid)
            hasCounted = true
        }
    }

    // MARK: Counting

    /// The bytes that a namespace holds.
    public func used(in namespace: String) async throws -> Int64 {
        guard let uid = try await namespaces.uid(of: namespace) else { return 0 }
        try await count(namespace, uid)
        return tallies.withLock { $0[namespace]?.bytes ?? 0 }
    }

    /// Says that links of the namespace have gone.
    public func shrunk(_ namespace: String) {
        change(namespace) { $0.isTooHigh = true }
        quota.storageChanged(in: namespace)
    }

    /// Something came that was not counted.
    private func reset(_ namespace: String) {
        let wasKnown = tallies.withLock { tallies in
            guard tallies[namespace] != nil else { return false }
            if tallies[namespace]?.isIdle == true { tallies[namespace] = nil } else { tallies[namespace]?.reset() }
            return true
        }
        if wasKnown { quota.storageChanged(in: namespace) }
    }

    private func change(_ namespace: String, _ body: (inout StorageTally) -> Void) {
        tallies.withLock { tallies in
            if let place = tallies.index(forKey: namespace) { body(&tallies.values[place]) }
        }
    }

    /// Walks the links of a namespace, unless its sum is right.
    private func count(_ namespace: String, _ uid: String) async throws {
        try await turns.withLock(namespace) {
            let isNeeded = tallies.withLock { tallies in
                if let tally = tallies[namespace], tally.uid == uid, tally.isRight { return false }
                if tallies[namespace]?.uid != uid { tallies[namespace] = StorageTally(uid: uid) }
                tallies[namespace]?.beginCount()
                makeRoom(&tallies)
                return true
            }
            guard isNeeded else { return }
            var found = StorageSum()
            do { found = try await walk(namespace, uid) } catch {
                change(namespace) { $0.giveUpCount() }
                throw error
            }
            change(namespace) { [found] in $0.endCount(found) }
        }
    }

    private func walk(_ namespace: String, _ uid: String) async throws -> StorageSum {
        var sum = StorageSum()
        let prefix = RegistryKeys.repositories(in: namespace)
        try await index.store.forEachPage(.prefix(prefix), limit: 500) { rows in
            for row in rows {
                guard let record = RepositoryRecord(decoding: row.value), record.namespaceUID == uid else { continue }
                let links = RegistryKeys.layers(of: record.id)
                try await index.store.forEachPage(.prefix(links), limit: 1_000) { rows in
                    for row in rows {
                        guard let digest = Digest(String(row.key.dropFirst(links.count))),
                            let link = LayerLink(decoding: row.value), link.isCharged
                        else { continue }
                        sum.add(digest, link.size)
                    }
                }
            }
        }
        return sum
    }

    /// Lets go of namespaces in which nothing happens.
    private func makeRoom(_ tallies: inout [String: StorageTally]) {
        guard tallies.count > capacity else { return }
        for (namespace, _) in tallies.filter({ $0.value.isIdle }).prefix(tallies.count - capacity * 3 / 4) {
            tallies[namespace] = nil
        }
    }
}

extension RegistryCore {
    /// Runs what links blobs into a repository, within the quotas of its namespace.
    func charging<Result: Sendable>(
        _ blobs: [Digest: Int64], to repository: Incarnation, _ link: () async throws -> Result
    ) async throws -> Result {
        guard let storage else { return try await link() }
        return try await storage.charging(blobs, to: repository, link)
    }
}
