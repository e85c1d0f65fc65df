import JSON
public import OCI

/// That a blob belongs to a repository, because it was uploaded to it, mounted or mirrored (row `layers/<id>/<digest>`).
public struct LayerLink: Hashable, Sendable {
    /// Bytes.
    public var size: Int64
    /// When it was made or last used, coarsely; milliseconds since 1970.
    public var touched: Int64
    /// A tombstone: the blob was deleted here, and is not to be seen through the stream's images either
    /// (spec/registry.md E-5).
    public var isDeleted: Bool
    /// The blob is not here by this link: it may be had from where this manifest came from (spec/registry.md PT-25).
    public var source: Digest?
    /// It came because somebody pulled it, from elsewhere; nobody pushed it here.
    public var isMirrored = false

    /// The last uploads that ended with it, the newest first, for a while: a client whose answer was lost asks again
    /// (spec/registry.md U-20).
    public var uploads: [String] = []

    /// Milliseconds for which they are remembered.
    static let uploadMemory: Int64 = 900_000
    /// Entries of `uploads`: so many clients can push the same to the same place at once.
    static let maximumUploads = 8

    /// Whether quotas count it: what was fetched is not the namespace's doing (spec/registry.md PT-19).
    var isCharged: Bool { !isDeleted && source == nil && !isMirrored }

    public init(size: Int64, touched: Int64, isDeleted: Bool = false) {
        self.size = size
        self.touched = touched
        self.isDeleted = isDeleted
    }

    public init?(decoding bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes), let size = value["size"]?.integerValue else { return nil }
        self.init(
            size: size, touched: value["touched"]?.integerValue ?? 0,
            isDeleted: value["deleted"]?.boolValue ?? false)
        isMirrored = value["mirrored"]?.boolValue ?? false
        uploads = (value["uploads"]?.arrayValue ?? []).compactMap { $0.stringValue }
        source = value["source"]?.stringValue.flatMap { Digest($0) }
    }

    public var encoded: [UInt8] {
        var out = JSONObject()
        out["size"] = .integer(size)
        out["touched"] = .integer(touched)
        if isDeleted { out["deleted"] = true }
        if isMirrored { out["mirrored"] = true }
        if !uploads.isEmpty { out["uploads"] = .array(uploads.map { .string($0) }) }
        if let source { out["source"] = .string(source.description) }
        return JSONValue.object(out).jsonBytes()
    }
}
