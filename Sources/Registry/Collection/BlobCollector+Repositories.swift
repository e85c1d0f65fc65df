import APIMachinery
import ImageAPI
import ImageStreams
import JSON
import OCI
import Store

extension BlobCollector {
    /// Marks what all repositories refer to, and removes what they keep for nothing.
    /// - Returns: the ids of the repositories that there are.
    func markRepositories(
        _ request: Request, _ mark: inout CollectionMark, _ findings: inout CollectionFindings, now: Int64
    ) async throws -> DigestSet {
        var live = DigestSet()
        let prefix = streams.streams.kind.keyPrefix
        let snapshot = mark.snapshot
        try await snapshot.forEachPage(.prefix(prefix), limit: 100) { rows in
            for row in rows {
                let names = row.key.dropFirst(prefix.count).split(separator: "/", omittingEmptySubsequences: false)
                guard names.count == 2 else { continue }
                let path = RepositoryPath(namespace: String(names[0]), stream: String(names[1]))
                // What cannot be read may refer to anything.
                guard let stream = try? ImageStream.decode(row.value) else {
                    throw RegistryError.unknown("the image stream \(path) cannot be read")
                }
                let known = try await snapshot.get(RegistryKeys.repository(path))
                let repository = try await self.repository(known, at: path)
                if let repository { live.insert(id: repository.id) }
                try await collect(request, path, stream, repository, &mark, &findings, now: now)
            }
        }
        try await snapshot.forEachPage(.prefix(RepositoryRecord.prefix), limit: settings.page) { rows in
            for row in rows {
                try await markUploads(request, row, &live, &mark, &findings, now: now)
            }
        }
        return live
    }

    /// The repository of a row, unless it was made in an earlier namespace of the same name.
    private func repository(_ row: KeyValue?, at path: RepositoryPath) async throws -> Incarnation? {
        guard let row else { return nil }
        guard let record = RepositoryRecord(decoding: row.value) else {
            throw RegistryError.unknown("the record of the repository \(path) cannot be read")
        }
        guard try await namespaces.uid(of: path.namespace) == record.namespaceUID else { return nil }
        return Incarnation(path: path, id: record.id)
    }

    /// A repository without a stream: what was uploaded before the first manifest, or for none (spec/registry.md B.1).
    private func markUploads(
        _ request: Request, _ row: KeyValue, _ live: inout DigestSet, _ mark: inout CollectionMark,
        _ findings: inout CollectionFindings, now: Int64
    ) async throws {
        let names = row.key.dropFirst(RepositoryRecord.prefix.count).split(
            separator: "/", omittingEmptySubsequences: false)
        guard names.count == 2, let record = RepositoryRecord(decoding: row.value) else { return }
        guard !live.contains(id: record.id) else { return }
        let path = RepositoryPath(namespace: String(names[0]), stream: String(names[1]))
        var isEmpty = true
        if let repository = try await repository(row, at: path) {
            live.insert(id: record.id)
            isEmpty = try await collect(request, path, nil, repository, &mark, &findings, now: now)
        }
        guard isEmpty, settings.isOver(record.created, settings.grace, now: now) else { return }
        findings.status.deadRows += 1
        if request.isDryRun { return }
        let stream = "\(streams.streams.kind.keyPrefix)\(path)"
        do {
            _ = try await index.store.commit(
                Transaction(
                    conditions: [
                        .modRevision(of: row.key, equals: row.modRevision), .modRevision(of: stream, equals: 0),
                    ], mutations: [.delete(key: row.key)]))
        } catch StoreError.conflict {
            // Somebody pushes.
        }
    }

    /// Marks one repository, and removes its manifests whose time is over and its links that nothing needs.
    /// - Returns: whether nothing is linked in it any more.
    @discardableResult
    private func collect(
        _ request: Request, _ path: RepositoryPath, _ stream: ImageStream?, _ repository: Incarnation?,
        _ mark: inout CollectionMark, _ findings: inout CollectionFindings, now: Int64
    ) async throws -> Bool {
        let named = Set(stream?.status.tags.flatMap { $0.items.map(\.image) } ?? []).compactMap { Digest($0) }
        var view = CollectionMark.View()
        guard let id = repository?.id else {
            try await follow(named, of: stream, in: path.namespace, RepositoryRecords(), &mark, into: &view, now: now)
            return true
        }
        var records = RepositoryRecords()
        try await mark.snapshot.forEachPage(.prefix(RegistryKeys.manifests(of: id)), limit: settings.page) {
            for row in $0 { records.add(row, id: id) }
        }
        if try await switches?.isFrozen(path.namespace) == true {
            try await mark.follow(
                named + records.digests { !$1.isDeleted }, rows: records.records, referrers: records.referrers,
                into: &view)
            try await holdLinks(path, id, &mark, &findings)
            return false
        }
        try await requireWritable(request)
        // In milliseconds; nil for ever.
        let untagged: Int64?
        if let stream {
            untagged = try await streams.retention.untaggedPeriod(of: stream).map {
                max(settings.minimumUntagged, $0.components.seconds.multipliedReportingOverflow(by: 1_000).partialValue)
            }
        } else {
            untagged = settings.grace
        }
        let kept = records.digests { digest, record in
            guard !record.isDeleted else { return false }
            guard let untagged else { return true }
            let last = lastUse(of: RegistryKeys.manifest(id, digest), known: record.touched)
            return !settings.isOver(last, untagged, now: now)
        }
        try await follow(named + kept, of: stream, in: path.namespace, records, &mark, into: &view, now: now)
        let removable = records.removable { digest, record in
            !view.manifests.contains(digest)
                && (!record.isDeleted
                    || settings.isOver(
                        lastUse(of: RegistryKeys.manifest(id, digest), known: record.touched), settings.grace, now: now))
        }
        findings.status.manifests += Int64(removable.count)
        if !request.isDryRun { try await remove(removable, since: now) }
        let isUnlinked = try await collectLinks(request, path, id, view, &findings, mark.snapshot, now: now)
        return isUnlinked && records.count == removable.count
    }

    /// All that was pushed to a repository stays.
    private func holdLinks(
        _ path: RepositoryPath, _ id: String, _ mark: inout CollectionMark, _ findings: inout CollectionFindings
    ) async throws {
        let prefix = RegistryKeys.layers(of: id)
        var held: [(digest: Digest, link: LayerLink)] = []
        try await mark.snapshot.forEachPage(.prefix(prefix), limit: settings.page) { rows in
            for row in rows {
                if let digest = Digest(String(row.key.dropFirst(prefix.count))),
                    let link = LayerLink(decoding: row.value), !link.isDeleted, link.source == nil
                {
                    held.append((digest, link))
                }
            }
        }
        for (digest, link) in held {
            mark.hold(digest)
            findings.link(link.size, in: path.namespace)
        }
    }

    /// Removes links of blobs that no visible manifest of the repository needs (GC-8).
    private func collectLinks(
        _ request: Request, _ path: RepositoryPath, _ id: String, _ view: CollectionMark.View,
        _ findings: inout CollectionFindings, _ snapshot: CollectionSnapshot, now: Int64
    ) async throws -> Bool {
        var isEmpty = true
        let prefix = RegistryKeys.layers(of: id)
        try await snapshot.forEachPage(.prefix(prefix), limit: settings.page) { rows in
            var removable: [ConditionalRow] = []
            for row in rows {
                guard let digest = Digest(String(row.key.dropFirst(prefix.count))),
                    let link = LayerLink(decoding: row.value)
                else { continue }
                let last = lastUse(of: row.key, known: link.touched)
                if !view.blobs.contains(digest), settings.isOver(last, settings.grace, now: now) {
                    removable.append(ConditionalRow(key: row.key, revision: row.modRevision))
                } else {
                    isEmpty = false
                    if !link.isDeleted, link.source == nil { findings.link(link.size, in: path.namespace) }
                }
            }
            findings.status.links += Int64(removable.count)
            guard !request.isDryRun, !removable.isEmpty else { return }
            try await remove(removable, since: now)
            storage?.shrunk(path.namespace)
        }
        return isEmpty
    }

    /// Removes rows, and puts back those that were used while that happened.
    func remove(_ rows: [ConditionalRow], since start: Int64) async throws {
        let keys = rows.flatMap { [$0.key] + $0.companions }
        let values = try await self.values(of: keys)
        let gone = try await index.store.change(rows)
        for row in gone where isTouched(row.key, since: start) { try await putBack(row, values) }
    }

    private func values(of keys: [String]) async throws -> [String: [UInt8]] {
        var values: [String: [UInt8]] = [:]
        for key in keys {
            let row = try await index.store.get(key)
            values[key] = row?.value
        }
        return values
    }

    private func putBack(_ row: ConditionalRow, _ values: [String: [UInt8]]) async throws {
        // A tombstone that hides nothing need not be; a new one would hide what has come since.
        if let value = values[row.key],
            LayerLink(decoding: value)?.isDeleted == true || ManifestRecord(decoding: value)?.isDeleted == true
        {
            return
        }
        let lost = ([row.key] + row.companions).compactMap { key in
            values[key].map { Mutation.put(key: key, value: $0) }
        }
        guard !lost.isEmpty else { return }
        let transaction = Transaction(conditions: [.modRevision(of: row.key, equals: 0)], mutations: lost)
        do throws(StoreError) { _ = try await index.store.commit(transaction) } catch {
            // It was made anew.
            guard case .conflict = error else { throw error }
        }
    }

    // MARK: Dead repositories

    /// Removes the rows of repositories that are not there any more, some at a time. An id is never used again.
    func removeDeadRows(
        _ request: Request, _ snapshot: CollectionSnapshot, _ live: DigestSet, _ findings: inout CollectionFindings
    ) async throws {
        for prefix in [RegistryKeys.layers, RegistryKeys.manifests, RegistryKeys.referrers] {
            for part in HexParts.of(prefix) {
                try await snapshot.forEachPage(part, limit: settings.page, keysOnly: true) { rows in
                    let dead = rows.filter { row in
                        !live.contains(id: String(row.key.dropFirst(prefix.count).prefix { $0 != "/" }))
                    }
                    findings.status.deadRows += Int64(dead.count)
                    guard !request.isDryRun else { return }
                    for start in stride(from: 0, to: dead.count, by: 500) {
                        let batch = dead[start..<min(start + 500, dead.count)]
                        _ = try await index.store.commit(
                            Transaction(mutations: batch.map { .delete(key: $0.key) }))
                    }
                }
            }
        }
    }
}

/// The records of the manifests of one repository.
struct RepositoryRecords: Sendable {
    private(set) var records: [Digest: ManifestRecord] = [:]
    /// What refers to a manifest, by its digest.
    private(set) var referrers: [Digest: [Digest]] = [:]
    private var revisions: [Digest: Int64] = [:]
    private var id = ""

    var count: Int { records.count }

    mutating func add(_ row: KeyValue, id: String) {
        self.id = id
        guard let digest = Digest(String(row.key.dropFirst(RegistryKeys.manifests(of: id).count))),
            let record = ManifestRecord(decoding: row.value)
        else { return }
        records[digest] = record
        revisions[digest] = row.modRevision
        if let subject = record.subject, !record.isDeleted { referrers[subject, default: []].append(digest) }
    }

    func digests(_ isWanted: (Digest, ManifestRecord) -> Bool) -> [Digest] {
        records.filter { isWanted($0.key, $0.value) }.map(\.key)
    }

    /// The rows of records that go, with their places among the referrers.
    func removable(_ goes: (Digest, ManifestRecord) -> Bool) -> [ConditionalRow] {
        digests(goes).map { digest in
            var row = ConditionalRow(key: RegistryKeys.manifest(id, digest), revision: revisions[digest] ?? 0)
            if let record = records[digest], let subject = record.subject {
                row.companions = [RegistryKeys.referrer(id, of: subject, pushed: record.pushed, digest)]
            }
            return row
        }
    }
}
