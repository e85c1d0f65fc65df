import GRDB
import Store

/// What a group of transactions has changed so far, on top of what is committed.
///
/// Nothing outside sees it before the group is durable; if the group fails it is thrown away.
struct CommitStage {
    private let engine: SQLiteEngine
    /// The newest revision given out in this group.
    private(set) var revision: Int64
    /// The newest version of each changed key, for the conditions of later transactions.
    private var changed: [StoreKey: Version] = [:]
    /// All new versions in order.
    private(set) var versions: [(key: String, version: Version)] = []
    private(set) var batches: [EventBatch] = []

    init(engine: SQLiteEngine) {
        self.engine = engine
        revision = engine.currentRevision
    }

    /// Decides a transaction and writes its rows.
    /// - Returns: the revision, or the conflict.
    /// - Throws: SQLite's error; then the whole group has failed.
    mutating func apply(_ transaction: Transaction, _ db: Database) throws -> Result<Int64, StoreError> {
        for case .modRevision(let key, let expected) in transaction.conditions {
            let current = version(of: StoreKey(key))?.revision ?? 0
            guard current == expected else { return .failure(.conflict(key: key, current: current)) }
        }
        let next = revision + 1
        var events: [Event] = []
        events.reserveCapacity(transaction.mutations.count)
        for mutation in transaction.mutations {
            let key = StoreKey(mutation.key)
            let old = version(of: key)
            if case .delete = mutation, old == nil { continue }
            let id = Schema.firstID(of: next) + Int64(events.count)
            let event = try event(mutation, at: next, replacing: old, db)
            try insert(event, id: id, previous: old?.id ?? 0, db)
            let version = Version(id: id, created: event.kind == .put ? event.createRevision : 0)
            changed[key] = version
            versions.append((mutation.key, version))
            events.append(event)
        }
        guard !events.isEmpty else { return .success(revision) }
        revision = next
        batches.append(EventBatch(revision: next, events: events))
        return .success(next)
    }

    private func version(of key: StoreKey) -> Version? {
        if let staged = changed[key] { return staged.isDeletion ? nil : staged }
        return engine.committed.withLock { $0.index[key.string] }
    }

    private func event(
        _ mutation: Mutation, at revision: Int64, replacing old: Version?, _ db: Database
    ) throws -> Event {
        var previous: KeyValue?
        if let old {
            previous = KeyValue(
                key: mutation.key, value: try value(of: old.id, db), createRevision: old.created,
                modRevision: old.revision)
        }
        switch mutation {
        case .put(let key, let value):
            return Event(
                kind: .put, key: key, value: value, createRevision: old?.created ?? revision, modRevision: revision,
                previous: previous)
        case .delete(let key):
            return Event(
                kind: .delete, key: key, value: [], createRevision: old?.created ?? 0, modRevision: revision,
                previous: previous)
        }
    }

    private func value(of id: Int64, _ db: Database) throws -> [UInt8] {
        let select = try PreparedStatement(db, "SELECT value FROM log WHERE id = ?1")
        defer { select.reset() }
        select.bind(1, id)
        guard try select.step() else {
            throw StoreError.corrupt(path: engine.path, detail: "the row \(id) is missing. " + SQLiteFailure.advice)
        }
        return select.bytes(0)
    }

    private func insert(_ event: Event, id: Int64, previous: Int64, _ db: Database) throws {
        let insert = try PreparedStatement(
            db, "INSERT INTO log (id, key, created, previous, value) VALUES (?1, ?2, ?3, ?4, ?5)")
        insert.bind(1, id)
        insert.bind(2, event.key)
        insert.bind(3, event.kind == .put ? event.createRevision : 0)
        insert.bind(4, previous)
        try insert.run(binding: event.kind == .put ? event.value : nil, at: 5)
    }
}
