import JSON

/// JSON merge patch (RFC 7396; spec/api-machinery.md 6.3).
public enum MergePatch {
    /// An object that is being merged into, below the object before it.
    private struct Level {
        /// Where the object goes in the one above.
        var key: String
        var result: JSONObject
        var changes: JSONObject.Iterator
    }

    /// `target` with `patch` merged in: null deletes, objects merge, everything else replaces.
    ///
    /// Does not recurse: both may be as deep as the parser allows, and this runs on small stacks.
    public static func apply(_ patch: JSONValue, to target: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var below: [Level] = []
        var level = Level(key: "", result: target.objectValue ?? JSONObject(), changes: changes.makeIterator())
        while true {
            if let (key, change) = level.changes.next() {
                switch change {
                case .null:
                    level.result[key] = nil
                case .object(let inner):
                    let current = level.result[key]?.objectValue ?? JSONObject()
                    below.append(level)
                    level = Level(key: key, result: current, changes: inner.makeIterator())
                default:
                    level.result[key] = change
                }
            } else {
                guard var outer = below.popLast() else { return .object(level.result) }
                outer.result[level.key] = .object(level.result)
                level = outer
            }
        }
    }
}
