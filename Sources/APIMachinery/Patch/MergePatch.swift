import JSON

/// JSON merge patch (RFC 7396; spec/api-machinery.md 6.3).
public enum MergePatch {
    /// `target` with `patch` merged in: null deletes, objects merge, everything else replaces.
    ///
    /// Depth is bounded by the parser's limit on both documents.
    public static func apply(_ patch: JSONValue, to target: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var result: JSONObject
        if case .object(let object) = target { result = object } else { result = JSONObject() }
        for (key, change) in changes {
            if case .null = change {
                result[key] = nil
            } else {
                result[key] = apply(change, to: result[key] ?? .null)
            }
        }
        return .object(result)
    }
}
