import Foundation
import GRDB
import GRDBSQLite

/// Binds and steps a statement of GRDB through SQLite's own functions.
///
/// GRDB owns connections, transactions, statements and their lifetime. Only the inner loop bypasses it: its
/// row and value types copy every blob at least once more and read about ten times slower than this.
/// Use on the queue of the connection, inside one access of the database.
struct PreparedStatement {
    private let statement: Statement
    private var handle: OpaquePointer { statement.sqliteStatement }

    /// Takes the statement from the connection's cache.
    init(_ db: Database, _ sql: String) throws {
        statement = try db.cachedStatement(sql: sql)
        sqlite3_reset(statement.sqliteStatement)
    }

    func bind(_ position: Int32, _ value: Int64) {
        sqlite3_bind_int64(handle, position, value)
    }

    /// Keys are short: SQLite takes its copy.
    func bind(_ position: Int32, _ value: String) {
        var value = value
        value.withUTF8 { bytes in
            let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
            bytes.withMemoryRebound(to: CChar.self) { text in
                if let base = text.baseAddress {
                    _ = sqlite3_bind_text(handle, position, base, Int32(text.count), copied)
                } else {
                    _ = sqlite3_bind_text(handle, position, "", 0, copied)
                }
            }
        }
    }

    /// Advances once.
    /// - Returns: whether there is a row. Call ``reset()`` when no further row is wanted.
    func step() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw failure(code)
        }
    }

    /// Runs the statement to its end with `bytes` at `position`, without copying them (`nil` = NULL).
    func run(binding bytes: [UInt8]?, at position: Int32) throws {
        guard let bytes else {
            sqlite3_bind_null(handle, position)
            try run()
            return
        }
        try bytes.withUnsafeBytes { raw in
            if let base = raw.baseAddress, raw.count > 0 {
                sqlite3_bind_blob64(handle, position, base, UInt64(raw.count), nil)
            } else {
                sqlite3_bind_zeroblob(handle, position, 0)
            }
            // The memory is valid only here: leave no pointer to it behind.
            defer { sqlite3_bind_null(handle, position) }
            try run()
        }
    }

    func run() throws {
        defer { sqlite3_reset(handle) }
        while try step() {}
    }

    func reset() {
        sqlite3_reset(handle)
    }

    func int(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    func text(_ column: Int32) -> String {
        guard let start = sqlite3_column_text(handle, column) else { return "" }
        let bytes = UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether a column holds the bytes of `text`.
    func isText(_ column: Int32, _ text: String) -> Bool {
        guard let start = sqlite3_column_text(handle, column) else { return text.isEmpty }
        let count = Int(sqlite3_column_bytes(handle, column))
        guard text.utf8.count == count else { return false }
        return text.utf8.withContiguousStorageIfAvailable { memcmp($0.baseAddress ?? start, start, count) == 0 }
            ?? (self.text(column).utf8.elementsEqual(text.utf8))
    }

    func bytes(_ column: Int32) -> [UInt8] {
        guard let start = sqlite3_column_blob(handle, column) else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
    }

    private func failure(_ code: Int32) -> DatabaseError {
        let message = String(cString: sqlite3_errmsg(sqlite3_db_handle(handle)))
        sqlite3_reset(handle)
        return DatabaseError(resultCode: ResultCode(rawValue: code), message: message, sql: statement.sql)
    }
}
