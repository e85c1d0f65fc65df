import Store

extension RegistryIndex {
    /// Rows that are written in one transaction.
    private static let batch = 500

    /// Writes down what was used since the last time. What changed meanwhile was used anyway.
    public func flushTouches() async throws {
        let touches = touches.beginFlush()
        defer { self.touches.endFlush(touches) }
        for start in stride(from: 0, to: touches.count, by: Self.batch) {
            try await write(touches[start..<min(start + Self.batch, touches.count)])
        }
    }

    private func write(_ touches: ArraySlice<TouchLog.Touch>) async throws {
        var conditions: [Condition] = []
        var mutations: [Mutation] = []
        for touch in touches {
            guard let row = try await store.get(touch.key), let value = touched(row, touch.time) else { continue }
            conditions.append(.modRevision(of: touch.key, equals: row.modRevision))
            mutations.append(.put(key: touch.key, value: value))
        }
        guard !mutations.isEmpty else { return }
        do { _ = try await store.commit(Transaction(conditions: conditions, mutations: mutations)) } catch StoreError
            .conflict
        {
            // One of them is being worked on: alone, the others get through, and it does when that is done. It may be the
            // collector who is giving it up.
            guard touches.count > 1 else { return try await write(touches) }
            let middle = touches.startIndex + touches.count / 2
            try await write(touches[..<middle])
            try await write(touches[middle...])
        }
    }

    /// The row with a later time of use; nil for one that has it.
    private func touched(_ row: KeyValue, _ time: Int64) -> [UInt8]? {
        if row.key.hasPrefix(RegistryKeys.blobs), var record = BlobRecord(decoding: row.value) {
            guard record.touched < time else { return nil }
            record.touched = time
            return record.encoded
        }
        if row.key.hasPrefix(RegistryKeys.layers), var link = LayerLink(decoding: row.value) {
            guard link.touched < time, !link.isDeleted else { return nil }
            if time - link.touched > LayerLink.uploadMemory { link.uploads = [] }
            link.touched = time
            return link.encoded
        }
        if row.key.hasPrefix(RegistryKeys.manifests), var record = ManifestRecord(decoding: row.value) {
            guard record.touched < time, !record.isDeleted else { return nil }
            record.touched = time
            return record.encoded
        }
        return nil
    }
}
