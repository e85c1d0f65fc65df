import JSON

/// What `/version` says (spec/api-machinery.md 8.3): the level of Kubernetes whose API this server speaks, for the
/// version checks of clients, with Weir's own version as build metadata.
public struct ServerVersion: Sendable {
    public var major: String
    public var minor: String
    public var gitVersion: String
    public var gitCommit: String
    public var buildDate: String

    /// - Parameters:
    ///   - product: Weir's version, for example `0.1.0`.
    ///   - buildDate: RFC 3339.
    public init(product: String, commit: String, buildDate: String) {
        major = "1"
        minor = "32"
        gitVersion = "v1.32.0+weir-\(product)"
        gitCommit = commit
        self.buildDate = buildDate
    }

    /// Indented JSON.
    var json: [UInt8] {
        let document = DiscoveryDocuments.object([
            ("major", .string(major)), ("minor", .string(minor)), ("gitVersion", .string(gitVersion)),
            ("gitCommit", .string(gitCommit)), ("gitTreeState", "clean"), ("buildDate", .string(buildDate)),
            ("goVersion", ""), ("compiler", "swift"), ("platform", .string(Self.platform)),
        ])
        return JSONText.indented(document.jsonBytes())
    }

    private static var platform: String {
        #if arch(arm64)
        "linux/arm64"
        #else
        "linux/amd64"
        #endif
    }
}
