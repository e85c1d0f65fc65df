import JSON

/// `{"a":{"a":…{}…}}` of `depth` objects.
func nested(_ depth: Int, key: String = "a", core: String = "{}") throws -> JSONValue {
    let text =
        String(repeating: #"{"\#(key)":"#, count: depth - 1) + core + String(repeating: "}", count: depth - 1)
    return try JSONValue.parse(text)
}
