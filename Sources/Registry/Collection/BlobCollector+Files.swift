import Blobs
import ImageAPI
import OCI
import Store

extension BlobCollector {
    /// Removes files that no row knows: a crash between a file and its row leaves them. One that something refers to gets
    /// its row back.
    ///
    /// Publishing a blob holds its lock from before the file is there until the row is, so whoever has the lock and sees no
    /// row has found one that was left.
    func removeOrphans(
        _ request: Request, _ mark: inout CollectionMark, _ findings: inout CollectionFindings
    ) async throws {
        var seen = mark.snapshot.revision
        var last: Digest?
        while true {
            try Task.checkCancellation()
            let files = try await content.blobs.blobs(after: last, limit: settings.page)
            guard let first = files.first, let end = files.last else { break }
            let range = KeyRange(
                start: RegistryKeys.blob(first.digest), end: RegistryKeys.blob(end.digest) + "\u{0}")
            let known = Set(try await index.store.range(range, keysOnly: true).kvs.map(\.key))
            let orphans = files.filter { !known.contains(RegistryKeys.blob($0.digest)) }
            if !orphans.isEmpty, !request.isDryRun { seen = try await mark.catchUp(after: seen) }
            for file in orphans { try await settle(file, request, mark, &findings) }
            last = end.digest
        }
        guard !request.isDryRun else { return }
        last = nil
        while true {
            let trashed = try await content.blobs.condemned(after: last, limit: settings.page)
            guard let end = trashed.last else { return }
            for digest in trashed { try await settle(trashed: digest) }
            last = end
        }
    }

    private func settle(
        _ file: StoredBlob, _ request: Request, _ mark: CollectionMark, _ findings: inout CollectionFindings
    ) async throws {
        let isWanted = mark.reachable.contains(file.digest)
        let wasOrphan = try await index.locks.withLock(file.digest) { () async throws -> Bool in
            guard try await index.store.get(RegistryKeys.blob(file.digest)) == nil else { return false }
            if request.isDryRun { return true }
            if isWanted {
                try await index.publish(file.digest, size: file.size, as: file.digest, in: nil)
            } else {
                _ = try await content.blobs.condemn(file.digest)
                _ = try await content.blobs.remove(file.digest)
            }
            return true
        }
        guard wasOrphan else { return }
        if isWanted {
            findings.status.restored.add(file.size)
        } else {
            findings.note(
                .orphan, file.digest, bytes: file.size, repository: nil, message: "a file without a record")
        }
        logger.info(
            isWanted ? "found a blob without a record" : "removed a file without a record",
            metadata: ["digest": "\(file.digest)", "bytes": "\(file.size)", "dry-run": "\(request.isDryRun)"])
    }

    /// A crash came between the two steps of a removal.
    private func settle(trashed digest: Digest) async throws {
        try await index.locks.withLock(digest) { () async throws -> Void in
            if try await index.store.get(RegistryKeys.blob(digest)) != nil {
                _ = try await content.blobs.restore(digest)
            }
            _ = try await content.blobs.remove(digest)
        }
    }

    /// Ends uploads that nobody goes on with, and those into repositories that are gone (U-4, E-6).
    func purgeUploads(_ request: Request, _ findings: inout CollectionFindings, now: Int64) async throws {
        var last: UploadID?
        while true {
            try Task.checkCancellation()
            let uploads = try await content.blobs.uploads(after: last, limit: 100)
            guard let end = uploads.last else { return }
            for upload in uploads where !upload.isClaimed {
                if let record = UploadRecord(decoding: upload.info),
                    try await switches?.isFrozen(record.path.namespace) == true
                {
                    continue
                }
                let age = now - upload.lastActivity * 1_000
                let isDead = try await isDead(upload)
                guard age > settings.uploadAge || isDead else { continue }
                findings.status.uploads += 1
                if request.isDryRun { continue }
                try await cancel(upload.id)
            }
            last = end.id
        }
    }

    private func cancel(_ id: UploadID) async throws {
        do throws(BlobError) {
            guard let upload = try await content.blobs.upload(id, patience: .zero) else { return }
            try await upload.cancel()
        } catch {
            // Somebody goes on after all.
            guard case .busy = error else { throw error }
        }
    }

    private func isDead(_ upload: UploadStatus) async throws -> Bool {
        guard let record = UploadRecord(decoding: upload.info) else { return false }
        guard let uid = try await namespaces.uid(of: record.path.namespace) else { return true }
        return try await index.repository(record.path, namespaceUID: uid)?.id != record.id
    }
}
