import Blobs
import OCI
import Store

extension RegistryVerifier {
    /// Every file of a blob, against its name.
    func verifyFiles(_ run: VerificationRun) async throws {
        try await content.blobs.verifyAll { finding in
            let digest = finding.blob.digest
            try await run.advance {
                $0.blobs += 1
                $0.bytes += finding.blob.size
            }
            switch finding.state {
            case .intact:
                // A push makes the row with the lock held.
                let isKnown = try await index.locks.withLock(digest) {
                    try await index.store.get(RegistryKeys.blob(digest)) != nil
                }
                if !isKnown {
                    try await run.report(
                        VerificationFinding(.unknownFile, digest.description, "\(finding.blob.size) bytes, no record"))
                }
            // The collector has it by now, or it is found to be missing.
            case .absent: break
            case .damaged(let actual):
                try await report(.damagedBlob, digest, "the bytes are \(actual)", run)
            case .unreadable(let error):
                try await report(.unreadableBlob, digest, "\(error)", run)
            }
        }
    }

    private func report(
        _ kind: VerificationFinding.Kind, _ digest: Digest, _ message: String, _ run: VerificationRun
    ) async throws {
        var finding = VerificationFinding(kind, digest.description, message)
        let isFileWrong: Bool
        switch kind {
        case .damagedBlob: isFileWrong = true
        // A disk that fails is no reason to take the file away.
        default:
            if case .unreadable(.corrupt) = try await content.blobs.state(of: digest) {
                isFileWrong = true
            } else {
                isFileWrong = false
            }
        }
        if run.request.quarantines, isFileWrong, try await quarantine(digest) {
            finding.repair = "put into quarantine; it can be pushed again"
        }
        try await run.report(finding)
    }

    /// Puts a blob aside and forgets it, unless it has been stored again meanwhile.
    func quarantine(_ digest: Digest) async throws -> Bool {
        try await index.locks.withLock(digest) { () async throws -> Bool in
            switch try await content.blobs.state(of: digest) {
            case .damaged, .unreadable(.corrupt): break
            default: return false
            }
            // The row first: whoever asks finds nothing, and not something without bytes.
            try await forget(digest)
            try await content.blobs.quarantine(digest)
            logger.warning("put a damaged blob into quarantine", metadata: ["digest": "\(digest)"])
            return true
        }
    }

    /// Removes the row of a blob that has no bytes. Call it with the lock held.
    private func forget(_ digest: Digest) async throws {
        _ = try await index.store.commit(Transaction(mutations: [.delete(key: RegistryKeys.blob(digest))]))
    }

    // MARK: Records

    /// Every record of a blob, against its file.
    func verifyRecords(_ run: VerificationRun) async throws {
        let prefix = RegistryKeys.blobs
        for part in HexParts.of(prefix + "sha256:") {
            try await index.store.forEachPage(part, limit: Self.page) { rows in
                for row in rows {
                    guard let digest = Digest(String(row.key.dropFirst(prefix.count))) else {
                        try await run.report(
                            VerificationFinding(
                                .missingBlob, String(row.key.dropFirst(prefix.count)), "the record names no digest"))
                        continue
                    }
                    try await run.advance { if !run.request.readsBytes { $0.blobs += 1 } }
                    if try await fileSize(of: digest) == BlobRecord(decoding: row.value)?.size { continue }
                    try await verifyRecord(of: digest, run)
                }
            }
        }
    }

    /// Nil where there is no file, or none that can be read: that has been told.
    private func fileSize(of digest: Digest) async throws -> Int64? {
        do { return try await content.blobs.content(of: digest)?.size } catch BlobError.corrupt { return nil }
    }

    /// What looked wrong, once more while nobody else works on it.
    private func verifyRecord(of digest: Digest, _ run: VerificationRun) async throws {
        let finding = try await index.locks.withLock(digest) { () async throws -> VerificationFinding? in
            guard let row = try await index.store.get(RegistryKeys.blob(digest)) else { return nil }
            let name = digest.description
            guard let size = try await fileSize(of: digest) else {
                var finding = VerificationFinding(.missingBlob, name, "there is no file with its bytes")
                if run.request.repairs {
                    if try await content.blobs.restore(digest) {
                        finding.repair = "taken back from the trash"
                    } else {
                        try await forget(digest)
                        finding.repair = "the record was removed: it can be pushed again"
                    }
                }
                return finding
            }
            let known = BlobRecord(decoding: row.value)
            if known?.size == size { return nil }
            var finding = VerificationFinding(
                .wrongSize, name,
                "the record says \(known.map { "\($0.size)" } ?? "nothing"), the file has \(size) bytes")
            if run.request.repairs, case .intact = try await content.blobs.state(of: digest) {
                let time = index.now()
                var record = known ?? BlobRecord(size: size, created: time, touched: time)
                record.size = size
                _ = try await index.store.commit(
                    Transaction(
                        conditions: [.modRevision(of: row.key, equals: row.modRevision)],
                        mutations: [.put(key: row.key, value: record.encoded)]))
                finding.repair = "the record was corrected"
            }
            return finding
        }
        if let finding { try await run.report(finding) }
    }

    // MARK: Aliases

    /// Every other digest of a blob, against its bytes.
    func verifyAliases(_ run: VerificationRun) async throws {
        let prefix = RegistryKeys.aliases
        try await index.store.forEachPage(.prefix(prefix), limit: Self.page) { rows in
            for row in rows {
                let name = String(row.key.dropFirst(prefix.count))
                guard let alias = Digest(name), let canonical = Digest(String(decoding: row.value, as: UTF8.self))
                else {
                    try await run.report(VerificationFinding(.wrongAlias, name, "the record names no digest"))
                    continue
                }
                guard let actual = try await digest(alias.algorithm, of: canonical), actual != alias else { continue }
                try await run.report(
                    VerificationFinding(.wrongAlias, name, "it stands for \(canonical), which is \(actual)"))
            }
        }
    }

    /// Nil for a blob that is not there: it has been told, or it was collected.
    private func digest(_ algorithm: Digest.Algorithm, of canonical: Digest) async throws -> Digest? {
        do {
            guard let bytes = try await content.blobs.content(of: canonical) else { return nil }
            var hasher = DigestHasher(algorithm)
            var offset: Int64 = 0
            while offset < bytes.size {
                try Task.checkCancellation()
                let piece = try await bytes.read(offset..<min(bytes.size, offset + 256 << 10))
                hasher.update(piece)
                offset += Int64(piece.count)
            }
            return hasher.finalize()
        } catch is BlobError {
            return nil
        }
    }
}
