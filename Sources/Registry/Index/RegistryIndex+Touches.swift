import Store

extension RegistryIndex {
    /// Rows that are written in one transaction.
    private static let batch = 500

    /// Writes down what was used since the last time. What changed meanwhile was used anyway.
    /// - Throws: what the store throws. What is not written then is tried again the next time.
    public func flushTouches() async throws {
        let touches = touches.beginFlush()
        for start in stride(from: 0, to: touches.count, by: Self.batch) {
            let batch = touches[start..<min(start + Self.batch, touches.count)]
            try await write(batch)
            self.touches.endFlush(batch)
        }
        guard let loss = self.touches.unwrittenLoss else { return }
        let time = Array(String(loss).utf8)
        // Whoever asks for the times of pulls must not take those before for all there were.
        _ = try await store.commit(
            Transaction(mutations: [
                .put(key: RegistryKeys.usesLost, value: time), .put(key: RegistryKeys.pullsSince, value: time),
            ]))
        self.touches.noteWritten(loss: loss)
    }

    /// Learns what processes before this one could not note. Call it before anything is collected.
    public func restoreTouches() async throws {
        guard let row = try await store.get(RegistryKeys.usesLost),
            let time = Int64(String(decoding: row.value, as: UTF8.self))
        else { return }
        touches.noteWritten(loss: time)
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
