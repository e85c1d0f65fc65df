import Store

/// The store as it was when a run began: a mark that was made of several moments could miss what moves.
struct CollectionSnapshot: Sendable {
    let store: Store
    let revision: Int64

    init(_ store: Store) {
        self.store = store
        revision = store.currentRevision
    }

    func get(_ key: String) async throws(StoreError) -> KeyValue? { try await store.get(key, at: revision) }

    /// Hands over all rows of a range, some at a time.
    func forEachPage(
        _ range: KeyRange, limit: Int, keysOnly: Bool = false, _ body: ([KeyValue]) async throws -> Void
    ) async throws {
        var rest = range
        while true {
            try Task.checkCancellation()
            let page = try await store.range(rest, at: revision, limit: limit, keysOnly: keysOnly)
            if !page.kvs.isEmpty { try await body(page.kvs) }
            guard page.more, let last = page.kvs.last else { return }
            rest = range.after(last.key)
        }
    }
}

extension Store {
    /// Hands over all rows of a range as they are when it comes to them, some at a time.
    func forEachPage(
        _ range: KeyRange, limit: Int, keysOnly: Bool = false, _ body: ([KeyValue]) async throws -> Void
    ) async throws {
        var rest = range
        while true {
            try Task.checkCancellation()
            let page = try await self.range(rest, limit: limit, keysOnly: keysOnly)
            if !page.kvs.isEmpty { try await body(page.kvs) }
            guard page.more, let last = page.kvs.last else { return }
            rest = range.after(last.key)
        }
    }
}

/// Parts of a range whose keys go on with random hex digits, in order. A read counts what is left of its range, so pages of
/// a very large one would look at it again and again.
enum HexParts {
    /// - Parameter prefix: what stands before the digits.
    static func of(_ prefix: String) -> [KeyRange] {
        let digits = Array("0123456789abcdef")
        return digits.flatMap { first in digits.map { .prefix("\(prefix)\(first)\($0)") } }
    }
}

/// A row as the collector saw it, and what is to become of it.
struct ConditionalRow: Sendable {
    var key: String
    /// What it must still be.
    var revision: Int64
    /// What it becomes; nil for a row that goes.
    var value: [UInt8]?
    /// Rows that go with it.
    var companions: [String] = []
}

extension Store {
    /// Changes rows that are still as they were seen, in as few transactions as that takes. Whoever changed one meanwhile
    /// has won.
    /// - Returns: those that were changed.
    func change(_ rows: ArraySlice<ConditionalRow>) async throws(StoreError) -> [ConditionalRow] {
        guard !rows.isEmpty else { return [] }
        var conditions: [Condition] = []
        var mutations: [Mutation] = []
        for row in rows {
            conditions.append(.modRevision(of: row.key, equals: row.revision))
            mutations.append(row.value.map { .put(key: row.key, value: $0) } ?? .delete(key: row.key))
            mutations += row.companions.map { .delete(key: $0) }
        }
        do throws(StoreError) {
            _ = try await commit(Transaction(conditions: conditions, mutations: mutations))
            return Array(rows)
        } catch {
            guard case .conflict = error else { throw error }
            if rows.count == 1 { return [] }
            let middle = rows.startIndex + rows.count / 2
            return try await change(rows[..<middle]) + change(rows[middle...])
        }
    }

    /// The same for any number of rows.
    func change(_ rows: [ConditionalRow], batch: Int = 500) async throws -> [ConditionalRow] {
        var changed: [ConditionalRow] = []
        for start in stride(from: 0, to: rows.count, by: batch) {
            try Task.checkCancellation()
            changed += try await change(rows[start..<min(start + batch, rows.count)])
        }
        return changed
    }
}
