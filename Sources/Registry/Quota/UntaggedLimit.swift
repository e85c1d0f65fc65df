import APIServer
import ImageStreams
import OCI
import Store
import Synchronization

/// Bounds the manifests of a namespace that were pushed by digest and that nothing with a tag needs (spec/registry.md
/// 3.5.4): neither as a platform of an index nor as what it is the referrer of.
///
/// A push adds to a number. Only where that reaches the limit are manifests told from those with a tag, and before
/// anybody is refused; how often is bounded by how long it takes. Many that push at once may find the number too high for
/// a moment, never too low by what they push.
///
/// A class because all pushes share it.
final class UntaggedLimit: Sendable {
    private let index: RegistryIndex
    private let streams: ImageStreamsAPI
    private let namespaces: any NamespaceLookup
    /// 0 for no bound.
    private let limit: Int
    private let tallies = Mutex<[String: UntaggedTally]>([:])
    private let turns = KeyedLocks<String>()

    /// Namespaces whose numbers are kept; others are counted again.
    private static let capacity = 1_000

    init(_ index: RegistryIndex, streams: ImageStreamsAPI, namespaces: any NamespaceLookup, limit: Int) {
        self.index = index
        self.streams = streams
        self.namespaces = namespaces
        self.limit = limit
    }

    /// Runs a push of a manifest without a tag.
    /// - Throws: 403 `DENIED` where the namespace has too many; what `push` throws.
    func counting(
        _ digest: Digest, in repository: Incarnation, _ push: () async throws -> Void
    ) async throws {
        let namespace = repository.path.namespace
        let known = try await index.manifest(digest, in: repository.id)
        guard limit > 0, known.map(\.isDeleted) ?? true, let uid = try await namespaces.uid(of: namespace) else {
            return try await push()
        }
        try await take(namespace, uid)
        do { try await push() } catch {
            tallies.withLock { $0[namespace]?.end(hasFailed: true) }
            throw error
        }
        tallies.withLock { $0[namespace]?.end(hasFailed: false) }
    }

    private func take(_ namespace: String, _ uid: String) async throws {
        while true {
            let exactness: UntaggedTally.Exactness
            switch attempt(namespace, uid) {
            case .taken: return
            case .refused:
                throw RegistryError.denied(
                    "namespace \(namespace) has \(limit) manifests without a tag, which is as many as it may have: "
                        + "tag or delete some first")
            case .resting(let end):
                try await Task.sleep(until: end, clock: .continuous)
                continue
            case .uncounted(let wanted): exactness = wanted
            }
            try await turns.withLock(namespace) {
                // Somebody may have counted meanwhile.
                guard case .uncounted(exactness) = peek(namespace, uid) else { return }
                let begin = ContinuousClock.now
                let running = tallies.withLock { $0[namespace]?.running ?? 0 }
                let count = try await self.count(exactness, namespace, uid)
                let tally = UntaggedTally(
                    uid: uid, count: count, running: running, exactness, begin: begin, end: .now)
                tallies.withLock { tallies in
                    if tallies.count >= Self.capacity { tallies.removeAll() }
                    tallies[namespace] = tally
                }
            }
        }
    }

    private func attempt(_ namespace: String, _ uid: String) -> UntaggedTally.Outcome {
        tallies.withLock { tallies in
            guard let place = tallies.index(forKey: namespace), tallies.values[place].uid == uid else {
                return .uncounted(.all)
            }
            return tallies.values[place].take(within: limit, now: .now)
        }
    }

    /// What `attempt` would say.
    private func peek(_ namespace: String, _ uid: String) -> UntaggedTally.Outcome {
        tallies.withLock { tallies in
            guard var tally = tallies[namespace], tally.uid == uid else { return .uncounted(.all) }
            return tally.take(within: limit, now: .now)
        }
    }

    // MARK: Counting

    private func count(_ exactness: UntaggedTally.Exactness, _ namespace: String, _ uid: String) async throws -> Int {
        var count = 0
        let prefix = RegistryKeys.repositories(in: namespace)
        try await index.store.forEachPage(.prefix(prefix), limit: 500) { rows in
            for row in rows {
                guard let record = RepositoryRecord(decoding: row.value), record.namespaceUID == uid else { continue }
                let manifests = KeyRange.prefix(RegistryKeys.manifests(of: record.id))
                switch exactness {
                case .all: count += Int(try await index.store.range(manifests, limit: 1, keysOnly: true).count)
                case .untagged:
                    let stream = String(row.key.dropFirst(prefix.count))
                    count += try await untagged(
                        RepositoryPath(namespace: namespace, stream: stream), record.id, manifests)
                }
            }
        }
        return count
    }

    private func untagged(_ path: RepositoryPath, _ id: String, _ manifests: KeyRange) async throws -> Int {
        var records = RepositoryRecords()
        try await index.store.forEachPage(manifests, limit: 1_000) { for row in $0 { records.add(row, id: id) } }
        let stream = try await streams.stream(path.stream, namespace: path.namespace)
        let named = stream?.status.tags.flatMap { $0.items.map(\.image) } ?? []
        return records.untagged(named: named.compactMap { Digest($0) })
    }
}

extension RepositoryRecords {
    /// How many manifests were pushed that nothing needs which is named by a tag.
    func untagged(named: [Digest]) -> Int {
        var needed = Set(named)
        var open = named
        while let digest = open.popLast() {
            let next = (records[digest]?.children ?? []) + (referrers[digest] ?? [])
            open += next.filter { needed.insert($0).inserted }
        }
        return records.count { !$0.value.isDeleted && !$0.value.isFetched && !needed.contains($0.key) }
    }
}
