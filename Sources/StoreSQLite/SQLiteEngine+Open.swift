import Dispatch
import Foundation
import GRDB
import Store

extension SQLiteEngine {
    /// Opens the store of a directory, or creates one there.
    /// - Throws: `.locked` while another process uses it; `.corrupt` when the file is damaged or not a store;
    ///   `.full`, `.io`.
    public static func open(
        directory: String, configuration: Configuration = .init()
    ) async throws(StoreError) -> SQLiteEngine {
        let result: Result<SQLiteEngine, StoreError> = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                do {
                    continuation.resume(returning: .success(try openBlocking(directory, configuration)))
                } catch {
                    let path = directory + "/store.db"
                    continuation.resume(returning: .failure(SQLiteFailure.storeError(error, path: path)))
                }
            }
        }
        return try result.get()
    }

    private static func openBlocking(_ directory: String, _ configuration: Configuration) throws -> SQLiteEngine {
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw StoreError.io("can't create \(directory): \(error.localizedDescription)")
        }
        let lock = try DirectoryLock(directory: directory)
        let path = directory + "/store.db"
        try checkHeader(path)
        let pool = try DatabasePool(path: path, configuration: connections(configuration))
        do {
            let committed = try pool.writeWithoutTransaction { db in
                try setDurability(db)
                try Schema.prepare(db, path: path)
                try checkAfterCrash(db, path, configuration)
                return try load(db, path)
            }
            return SQLiteEngine(
                pool: pool, path: path, configuration: configuration, committed: committed, lock: lock)
        } catch {
            try? pool.close()
            throw error
        }
    }

    private static func connections(_ configuration: Configuration) -> GRDB.Configuration {
        var connections = GRDB.Configuration()
        connections.label = "store"
        connections.maximumReaderCount = max(1, configuration.readers)
        connections.foreignKeysEnabled = false
        // An operator's `sqlite3` may hold a lock for a moment.
        connections.busyMode = .timeout(5)
        connections.prepareDatabase { db in
            try db.execute(
                sql: """
                    PRAGMA page_size = \(configuration.pageSize);
                    PRAGMA secure_delete = OFF;
                    PRAGMA cache_size = \(db.configuration.readonly ? -1024 : -2048);
                    PRAGMA wal_autocheckpoint = \(configuration.checkpointPages);
                    """)
            if let pages = configuration.maximumPages { try db.execute(sql: "PRAGMA max_page_count = \(pages)") }
        }
        return connections
    }

    /// GRDB sets `synchronous=NORMAL` when it turns on the write-ahead log, which loses acknowledged writes at a power
    /// failure. This runs after that, and believes only what it reads back.
    private static func setDurability(_ db: Database) throws {
        try db.execute(sql: "PRAGMA synchronous = FULL")
        let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous")
        let journal = try String.fetchOne(db, sql: "PRAGMA journal_mode")
        guard synchronous == 2, journal == "wal" else {
            throw StoreError.io("SQLite refuses durable writes (\(synchronous ?? -1), \(journal ?? "?"))")
        }
    }

    /// SQLite takes some damaged headers for an encrypted or an empty file; say it plainly instead.
    private static func checkHeader(_ path: String) throws {
        guard let file = FileHandle(forReadingAtPath: path) else { return }
        defer { try? file.close() }
        let head = try file.read(upToCount: 16) ?? Data()
        guard head.isEmpty || head == Data("SQLite format 3\u{0}".utf8) else {
            throw StoreError.corrupt(path: path, detail: "it is not a database. " + SQLiteFailure.advice)
        }
    }

    /// A clean end left a mark. Without it the pages of a small file are checked; a large one is not worth the wait,
    /// damaged pages of it are found when they are read.
    private static func checkAfterCrash(_ db: Database, _ path: String, _ configuration: Configuration) throws {
        let clean = try Schema.meta(db, "clean", path: path) == 1
        if !clean {
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
            if size <= configuration.checkedFileSize {
                let answer = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
                guard answer == "ok" else {
                    // The first line names only the database.
                    let finding = answer.split(separator: "\n").last ?? "damaged"
                    throw StoreError.corrupt(path: path, detail: "\(finding). " + SQLiteFailure.advice)
                }
            }
        } else {
            try Schema.setMeta(db, "clean", 0)
        }
    }

    private static func load(_ db: Database, _ path: String) throws -> Committed {
        let compacted = try Schema.meta(db, "compacted", path: path)
        let newest = Schema.revision(of: try Int64.fetchOne(db, sql: "SELECT max(id) FROM log") ?? 0)
        // Compaction may have dropped the newest deletion, never a change after `compacted`.
        return Committed(revision: max(newest, compacted), compacted: compacted, index: try index(db))
    }

    /// SQLite sorts the keys faster than they could be put where they belong one by one.
    private static func index(_ db: Database) throws -> KeyIndex {
        var builder = KeyIndex.Builder()
        let rows = try PreparedStatement(db, "SELECT id, key, created FROM log ORDER BY key, id")
        defer { rows.reset() }
        while try rows.step() {
            let version = Version(id: rows.int(0), created: rows.int(2))
            if let last = builder.last, rows.isText(1, last) {
                builder.append(version)
            } else {
                builder.append(version, to: rows.text(1))
            }
        }
        return builder.finish()
    }
}
