import JSON
import OCI

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
    public var mediaType = ""
    /// Of a manifest that was pushed: what it names that nobody who pushed it could see. Whoever may see the manifest may
    /// see the rest of what it names, and not these: a digest alone gives no access (V-2). Nil where the manifest vouches
    /// for nothing, because it was only fetched.
    public var unvouched: [Digest]?
    /// Some repositories that link it, the newest first: where a mount without a source looks (K-3).
    public var repositories: [RepositoryPath] = []
    /// Since when nothing refers to it as far as the collector saw; nil for a blob in use.
    public var condemned: Int64?
    /// It was given up by force: not even an image that needs it shows it, until it is pushed again.
    public var isHidden = false

    /// Entries of `repositories`.
    static let maximumRepositories = 4

    public init(size: Int64, created: Int64, touched: Int64) {
        self.size = size
        self.created = created
        self.touched = touched
    }

    public init?(decoding bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes), let size = value["size"]?.integerValue else { return nil }
        self.init(
            size: size, created: value["created"]?.integerValue ?? 0, touched: value["touched"]?.integerValue ?? 0)
        mediaType = value["mediaType"]?.stringValue ?? ""
        unvouched = value["unvouched"]?.arrayValue.map { $0.compactMap { $0.stringValue.flatMap { Digest($0) } } }
        repositories = (value["repositories"]?.arrayValue ?? []).compactMap {
            $0.stringValue.flatMap { try? RepositoryPath(parsing: $0) }
        }
        condemned = value["condemned"]?.integerValue
        isHidden = value["hidden"]?.boolValue ?? false
    }

    public var encoded: [UInt8] {
        var out = JSONObject()
        out["size"] = .integer(size)
        out["created"] = .integer(created)
        out["touched"] = .integer(touched)
        if !mediaType.isEmpty { out["mediaType"] = .string(mediaType) }
        if let unvouched { out["unvouched"] = .array(JSONArray(unvouched.map { .string($0.description) })) }
        if !repositories.isEmpty {
            out["repositories"] = .array(JSONArray(repositories.map { .string($0.description) }))
        }
        if let condemned { out["condemned"] = .integer(condemned) }
        if isHidden { out["hidden"] = true }
        return JSONValue.object(out).jsonBytes()
    }

    /// The record of the blob when it has been given up; nil where it has been before.
    func givenUp(at time: Int64, isHidden: Bool) -> BlobRecord? {
        var record = self
        if record.condemned == nil { record.condemned = time }
        if isHidden { record.isHidden = true }
        return record == self ? nil : record
    }

    /// Whether the manifest says that who may see it may see this too.
    func vouches(for digest: Digest) -> Bool { unvouched.map { !$0.contains(digest) } ?? false }

    /// One more push of the manifest: what one of those who pushed it could see is vouched for.
    mutating func vouch(except digests: [Digest]) {
        let missing = Set(digests)
        unvouched = unvouched?.filter(missing.contains) ?? digests
    }
}
