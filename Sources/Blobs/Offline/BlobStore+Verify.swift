public import OCI

/// What came out when a blob was read and hashed again (spec/registry.md 5.8, W-17).
public struct BlobFinding: Sendable {
    public enum State: Sendable, Hashable {
        case intact
        /// The bytes have another digest.
        case damaged(actual: Digest)
        /// The file cannot be the blob, or the disk does not give it back.
        case unreadable(BlobError)
        /// Removed while it was looked for.
        case absent
    }

    public var blob: StoredBlob
    public var state: State
}

extension BlobStore {
    /// Reads all blobs again, in the order of their digests.
    ///
    /// - Parameters:
    ///   - digest: where to go on.
    ///   - concurrency: how many blobs are read at the same time; each takes 256 KiB of memory.
    ///   - onFinding: is called for each blob, one call after the other, not quite in order.
    /// - Throws: what the list of blobs or `onFinding` throws. A blob that cannot be read is a finding.
    public func verifyAll(
        after digest: Digest? = nil, concurrency: Int = 2, _ onFinding: (BlobFinding) async throws -> Void
    ) async throws {
        var last = digest
        while true {
            let page = try await blobs(after: last, limit: 1000)
            guard let end = page.last else { return }
            try await withThrowingTaskGroup(of: BlobFinding.self) { group in
                for (index, blob) in page.enumerated() {
                    if index >= max(1, concurrency), let finding = try await group.next() {
                        try await onFinding(finding)
                    }
                    group.addTask { BlobFinding(blob: blob, state: try await self.state(of: blob.digest)) }
                }
                for try await finding in group { try await onFinding(finding) }
            }
            last = end.digest
        }
    }

    /// Reads one blob again, with little memory.
    /// - Parameter pace: is told how many bytes were read, and may take its time.
    /// - Throws: `CancellationError`.
    public func state(
        of digest: Digest, pace: (_ bytes: Int) async -> Void = { _ in }
    ) async throws -> BlobFinding.State {
        do throws(BlobError) {
            guard let content = try await content(of: digest) else { return .absent }
            var hasher = DigestHasher(digest.algorithm)
            var offset: Int64 = 0
            while offset < content.size, !Task.isCancelled {
                let bytes = try await content.read(offset..<min(content.size, offset + 256 * 1024))
                hasher.update(bytes)
                offset += Int64(bytes.count)
                await pace(bytes.count)
            }
            if offset == content.size {
                let actual = hasher.finalize()
                return actual == digest ? .intact : .damaged(actual: actual)
            }
        } catch {
            return .unreadable(error)
        }
        throw CancellationError()
    }
}
