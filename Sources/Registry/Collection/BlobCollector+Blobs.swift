import APIMachinery
import ImageAPI
import OCI
import Store

extension BlobCollector {
    /// A blob whose row goes in this run.
    private struct Doomed: Sendable {
        var digest: Digest
        var revision: Int64
        var record: BlobRecord
        var message: String
    }

    /// Looks at every blob: gives up what nothing refers to, takes back what is in use again, and removes what was given
    /// up long ago (GC-5, GC-6).
    func passBlobs(
        _ request: Request, _ mark: inout CollectionMark, _ findings: inout CollectionFindings, now: Int64,
        progress: (BlobCollectionStatus) async -> Void
    ) async throws {
        var doomed: [Doomed] = []
        // Everything that the mark does not know is in the events behind it.
        var seen = mark.snapshot.revision
        for part in HexParts.of(RegistryKeys.blobs + "sha256:") {
            try await index.store.forEachPage(part, limit: settings.page) { rows in
                try await pace.rest()
                try await requireWritable(request)
                try await pass(rows, request, mark, &findings, &doomed, now: now)
            }
            if doomed.count >= settings.wave {
                if !request.isDryRun { seen = try await sweep(doomed, &mark, &findings, after: seen, since: now) }
                doomed = []
            }
            await progress(findings.complete)
        }
        if !doomed.isEmpty, !request.isDryRun {
            _ = try await sweep(doomed, &mark, &findings, after: seen, since: now)
        }
    }

    private func pass(
        _ rows: [KeyValue], _ request: Request, _ mark: CollectionMark, _ findings: inout CollectionFindings,
        _ doomed: inout [Doomed], now: Int64
    ) async throws {
        var changes: [ConditionalRow] = []
        for row in rows {
            guard let digest = Digest(String(row.key.dropFirst(RegistryKeys.blobs.count))),
                var record = BlobRecord(decoding: row.value)
            else { continue }
            let last = lastUse(of: row.key, known: record.touched)
            let repository = record.repositories.first
            if mark.reachable.contains(digest) {
                findings.status.reachable.add(record.size)
                if record.condemned != nil, mayComeBack(record) {
                    findings.status.restored.add(record.size)
                    record.condemned = nil
                    changes.append(ConditionalRow(key: row.key, revision: row.modRevision, value: record.encoded))
                }
            } else if let condemned = record.condemned {
                if last > condemned, mayComeBack(record) {
                    findings.status.restored.add(record.size)
                    record.condemned = nil
                    changes.append(ConditionalRow(key: row.key, revision: row.modRevision, value: record.encoded))
                } else if settings.isOver(max(last, condemned), settings.grace, now: now) {
                    let message = Self.message(record, last: last, "given up \(Self.time(condemned))")
                    if request.isDryRun {
                        findings.note(
                            .swept, digest, bytes: record.size, repository: repository, message: message)
                    } else {
                        doomed.append(
                            Doomed(digest: digest, revision: row.modRevision, record: record, message: message))
                    }
                } else {
                    findings.status.waiting.add(record.size)
                }
            } else if settings.isOver(last, settings.grace, now: now) {
                findings.note(
                    .condemned, digest, bytes: record.size, repository: repository,
                    message: Self.message(record, last: last, "nothing refers to it"))
                record.condemned = now
                changes.append(ConditionalRow(key: row.key, revision: row.modRevision, value: record.encoded))
            } else {
                findings.status.recent.add(record.size)
            }
        }
        if !request.isDryRun { try await write(changes, since: now) }
    }

    /// What was given up by force comes back only when it is pushed again (spec/registry.md Q-1).
    private func mayComeBack(_ record: BlobRecord) -> Bool { !record.isHidden }

    /// Writes rows of blobs, and takes back those given up that were used while that happened.
    private func write(_ changes: [ConditionalRow], since start: Int64) async throws {
        for row in try await index.store.change(changes) where isTouched(row.key, since: start) {
            guard let digest = Digest(String(row.key.dropFirst(RegistryKeys.blobs.count))) else { continue }
            _ = try await index.revive(digest)
        }
    }

    private static func message(_ record: BlobRecord, last: Int64, _ reason: String) -> String {
        let place = record.repositories.first.map { ", pushed to \($0)" } ?? ""
        return "\(reason), used last \(time(last))\(place)"
    }

    static func time(_ milliseconds: Int64) -> String { Timestamp(secondsSince1970: milliseconds / 1_000).description }

    // MARK: Removal

    /// Removes rows, looks again at what is referred to by now, and removes bytes. A crash in between leaves files without
    /// a row, which `removeOrphans` finds.
    /// - Returns: the revision up to which references are known.
    private func sweep(
        _ doomed: [Doomed], _ mark: inout CollectionMark, _ findings: inout CollectionFindings, after seen: Int64,
        since start: Int64
    ) async throws -> Int64 {
        // What came since the mark stays, and its rows are not even touched.
        var known = try await mark.catchUp(after: seen)
        let unwanted = doomed.filter {
            !mark.reachable.contains($0.digest) && !isTouched(RegistryKeys.blob($0.digest), since: start)
        }
        let records = Dictionary(
            unwanted.map { (RegistryKeys.blob($0.digest), $0) }, uniquingKeysWith: { first, _ in first })
        let gone = try await index.store.change(
            unwanted.map { ConditionalRow(key: RegistryKeys.blob($0.digest), revision: $0.revision) }
        ).compactMap { records[$0.key] }
        // From here on nobody who asks is told of them. Who was told just before has noted it by then.
        do {
            try await Task.sleep(for: settings.settling)
            known = try await mark.catchUp(after: known)
        } catch {
            // It cannot be told who has come meanwhile: all of them stay.
            for blob in gone { try await bringBack(blob) }
            throw error
        }
        var removable: [Doomed] = []
        for blob in gone {
            if mark.reachable.contains(blob.digest) || isTouched(RegistryKeys.blob(blob.digest), since: start) {
                try await bringBack(blob)
                findings.status.restored.add(blob.record.size)
            } else {
                removable.append(blob)
            }
        }
        try await removeBytes(removable.map(\.digest))
        for blob in removable {
            findings.note(
                .swept, blob.digest, bytes: blob.record.size, repository: blob.record.repositories.first,
                message: blob.message)
            logger.info(
                "removed a blob",
                metadata: [
                    "digest": "\(blob.digest)", "bytes": "\(blob.record.size)",
                    "repositories": "\(blob.record.repositories)", "reason": "\(blob.message)",
                ])
        }
        return known
    }

    private func bringBack(_ blob: Doomed) async throws {
        var record = blob.record
        record.condemned = nil
        record.touched = index.now()
        _ = try await index.store.change([
            ConditionalRow(key: RegistryKeys.blob(blob.digest), revision: 0, value: record.encoded)
        ])
    }

    /// Removes the bytes of blobs that have no row, some at a time.
    private func removeBytes(_ digests: [Digest]) async throws {
        for start in stride(from: 0, to: digests.count, by: Self.removalBatch) {
            try await pace.rest()
            let batch = digests[start..<min(start + Self.removalBatch, digests.count)]
            try await index.locks.withLocks(batch) { () async throws -> Void in
                var unwanted: [Digest] = []
                // Some may have been pushed again meanwhile.
                for digest in batch where try await index.blob(digest) == nil { unwanted.append(digest) }
                _ = try await content.blobs.discard(unwanted)
            }
        }
    }

    /// Blobs that are removed under lock at a time: who pushes one of them waits for all.
    private static let removalBatch = 32

    // MARK: Other names

    /// Removes names of blobs that are gone.
    func removeAliases(_ request: Request) async throws {
        guard !request.isDryRun else { return }
        for part in HexParts.of(RegistryKeys.aliases + "sha512:") {
            try await removeAliases(in: part)
        }
    }

    private func removeAliases(in part: KeyRange) async throws {
        try await index.store.forEachPage(part, limit: settings.page) { rows in
            for row in rows {
                guard let canonical = Digest(String(decoding: row.value, as: UTF8.self)),
                    try await index.blob(canonical) == nil
                else { continue }
                do {
                    _ = try await index.store.commit(
                        Transaction(
                            conditions: [
                                .modRevision(of: row.key, equals: row.modRevision),
                                .modRevision(of: RegistryKeys.blob(canonical), equals: 0),
                            ], mutations: [.delete(key: row.key)]))
                } catch StoreError.conflict {
                    // It was pushed again.
                }
            }
        }
    }
}
