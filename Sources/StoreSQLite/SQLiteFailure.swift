import Foundation
import GRDB
import Store

/// The one place where SQLite's result codes become ``StoreError``.
enum SQLiteFailure {
    static func storeError(_ error: any Error, path: String) -> StoreError {
        if let error = error as? StoreError { return error }
        guard let error = error as? DatabaseError else { return .io("\(path): \(error)") }
        switch error.resultCode {
        case .SQLITE_FULL:
            return .full(path: path)
        case .SQLITE_NOTADB:
            return .corrupt(path: path, detail: "it is not a database. " + advice)
        case .SQLITE_TOOBIG:
            // What is written is bounded long before: a length beyond all limits was read from a damaged page.
            return .corrupt(path: path, detail: "a page holds a length that cannot be. " + advice)
        case .SQLITE_CORRUPT:
            return .corrupt(path: path, detail: "\(error.message ?? "malformed"). " + advice)
        case .SQLITE_IOERR where errno == ENOSPC || errno == EDQUOT:
            // A failed extension of the WAL or its index is an I/O error for SQLite, a full disk for everybody else.
            return .full(path: path)
        default:
            return .io("\(path): SQLite error \(error.extendedResultCode.rawValue): \(error.message ?? "unknown")")
        }
    }

    static let advice =
        "Stop the server, keep a copy of the directory, and put a backup (made by `weir backup`) in its place"
}
