/// Everything a store can refuse or fail with.
public enum StoreError: Error, Sendable, Equatable {
    /// A condition did not hold; nothing was applied. `current` is the key's mod revision, 0 = absent.
    case conflict(key: String, current: Int64)
    /// The revision asked for has been compacted; `oldest` can still be read.
    case compacted(oldest: Int64)
    /// The revision asked for does not exist yet.
    case futureRevision(current: Int64)
    /// No space left; nothing was applied, and writing works again when there is space.
    case full(path: String)
    /// The data is damaged or not ours. `detail` says what was found and what to do.
    case corrupt(path: String, detail: String)
    /// Another process (or another store of this one) uses the directory.
    case locked(path: String, pid: Int32?)
    /// The store was closed. A commit that fails with this was not applied.
    case closed
    /// A transaction beyond ``Transaction/Limits``.
    case tooLarge(limit: String)
    /// A request that makes no sense: a bug of the caller.
    case invalid(String)
    /// Any other failure below the store. After a failed commit the outcome is unknown.
    case io(String)
}

extension StoreError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .conflict(let key, let current):
            current == 0
                ? "conflict: \(key) does not exist" : "conflict: \(key) was changed at revision \(current)"
        case .compacted(let oldest): "the revision has been compacted; the oldest that can be read is \(oldest)"
        case .futureRevision(let current): "the revision does not exist yet; the newest is \(current)"
        case .full(let path): "no space left for the store at \(path); nothing was written"
        case .corrupt(let path, let detail): "the store at \(path) is damaged: \(detail)"
        case .locked(let path, let pid):
            "the store at \(path) is in use by "
                + (pid.map { "the process \($0)" } ?? "another process")
                + "; stop it first, or choose another directory"
        case .closed: "the store is closed"
        case .tooLarge(let limit): "the transaction is too large: at most \(limit)"
        case .invalid(let what): "invalid request to the store: \(what)"
        case .io(let text): "the store failed: \(text)"
        }
    }
}
