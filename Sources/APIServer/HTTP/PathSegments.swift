/// The segments of a path. Splitting bytes: characters would be looked for by the rules of Unicode.
enum PathSegments {
    /// All segments; the first is the empty one before the leading slash.
    static func all(_ path: String) -> [String] { split(path, omittingEmpty: false) }

    static func nonEmpty(_ path: String) -> [String] { split(path, omittingEmpty: true) }

    private static func split(_ path: String, omittingEmpty: Bool) -> [String] {
        path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: omittingEmpty)
            .map { String(Substring($0)) }
    }
}
