import JSON

/// A blob that is held here (row `blobs/<digest>`). Whether one exists is decided by its row, never by a look at the disk
/// (spec/registry.md W-15).
public struct BlobRecord: Hashable, Sendable {
    /// Bytes.
    public var size: Int64
    /// Milliseconds since 1970.
    public var created: Int64
    /// When it was last reported to a client, coarsely; milliseconds since 1970. What was looked at lately is not
    /// collected (GC-3).
    public var touched: Int64
    /// What a manifest was pushed as; empty for everything else.
    public var mediaType: String
    /// Some repositories that link it, the newest first: where a mount without a source looks (spec/registry.md K-3).
    public var repositories: [RepositoryPath]
    /// Since when nothing refers to it as far as the collector saw; nil for a blob in use.
    public var condemned: Int64?

    /// Entries of `repositories`.
    static let maximumRepositories = 4

    public init(
        size: Int64, created: Int64, touched: Int64, mediaType: String = "", repositories: [RepositoryPath] = [],
        condemned: Int64? = nil
    ) {
        self.size = size
        self.created = created
        self.touched = touched
        self.mediaType = mediaType
        self.repositories = repositories
        self.condemned = condemned
    }

    public init?(decoding bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes), let size = value["size"]?.integerValue else { return nil }
        self.init(
            size: size, created: value["created"]?.integerValue ?? 0, touched: value["touched"]?.integerValue ?? 0,
            mediaType: value["mediaType"]?.stringValue ?? "",
            repositories: (value["repositories"]?.arrayValue ?? []).compactMap {
                $0.stringValue.flatMap { try? RepositoryPath(parsing: $0) }
            }, condemned: value["condemned"]?.integerValue)
    }

    public var encoded: [UInt8] {
        var out = JSONObject()
        out["size"] = .integer(size)
        out["created"] = .integer(created)
        out["touched"] = .integer(touched)
        if !mediaType.isEmpty { out["mediaType"] = .string(mediaType) }
        if !repositories.isEmpty { out["repositories"] = .array(repositories.map { .string($0.description) }) }
        if let condemned { out["condemned"] = .integer(condemned) }
        return JSONValue.object(out).jsonBytes()
    }
}
