import GRDB
import Store

/// The layout of `store.db`.
///
/// `log` is append-only: one row a change, in the order of the changes. `id` is the revision shifted left by
/// ``positionBits`` plus the position inside the transaction, so the primary key gives both the history in order and the
/// row of a change. `previous` is the id of the row that a change superseded (0 = the key did not exist), which makes
/// events and compaction walks along ids. A row without `value` is a deletion and has `created` 0.
/// There is no index of the keys: ``KeyIndex`` is made from the rows at the start. `value` is the last column, so that
/// this reads only the beginning of each row.
enum Schema {
    static let version: Int64 = 1
    /// "Weir" in ASCII.
    static let applicationID: Int64 = 0x5765_6972
    static let positionBits: Int64 = 16

    /// The row id of the first change of a revision.
    static func firstID(of revision: Int64) -> Int64 { revision << positionBits }
    /// The highest id a revision can use.
    static func lastID(of revision: Int64) -> Int64 { revision << positionBits | (1 << positionBits - 1) }
    static func revision(of id: Int64) -> Int64 { id >> positionBits }

    /// Creates the tables in an empty database and refuses a database that is not ours or newer than this code.
    static func prepare(_ db: Database, path: String) throws {
        let found = try Int64.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let application = try Int64.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        if found == 0, application == 0, try Int64.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0 {
            try db.inTransaction(.immediate) {
                try create(db)
                return .commit
            }
            return
        }
        guard application == applicationID else {
            throw StoreError.corrupt(path: path, detail: "it is a database of another program. " + SQLiteFailure.advice)
        }
        guard found == version else {
            throw StoreError.corrupt(
                path: path,
                detail: "its format is \(found), this server knows \(version). "
                    + "Run the version of the server that wrote it, or restore a backup")
        }
    }

    private static func create(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE log (
                    id INTEGER PRIMARY KEY,
                    key TEXT NOT NULL,
                    created INTEGER NOT NULL,
                    previous INTEGER NOT NULL,
                    value BLOB
                );
                CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
                INSERT INTO meta VALUES ('compacted', 0), ('swept', 0), ('clean', 1);
                PRAGMA application_id = \(applicationID);
                PRAGMA user_version = \(version);
                """)
    }

    /// A number of the `meta` table.
    static func meta(_ db: Database, _ name: String, path: String) throws -> Int64 {
        guard let value = try Int64.fetchOne(db, sql: "SELECT value FROM meta WHERE name = ?", arguments: [name]) else {
            throw StoreError.corrupt(path: path, detail: "the row \(name) is missing. " + SQLiteFailure.advice)
        }
        return value
    }

    static func setMeta(_ db: Database, _ name: String, _ value: Int64) throws {
        let update = try PreparedStatement(db, "UPDATE meta SET value = ?1 WHERE name = ?2")
        update.bind(1, value)
        update.bind(2, name)
        try update.run()
    }
}
