import JSON
import OCI

/// That a manifest belongs to a repository, because it was pushed or mirrored there (row `manifests/<id>/<digest>`, under
/// the digest it was pushed by).
public struct ManifestRecord: Hashable, Sendable {
    public var mediaType: String
    /// Bytes.
    public var size: Int64
    /// The sha256 digest, by which its bytes are found.
    public var canonical: Digest
    /// What it refers to, if anything.
    public var subject: Digest?
    /// Config and layers, as the manifest names them.
    public var blobs: [Digest]
    /// The manifests of a list or index, likewise.
    public var children: [Digest]
    /// Milliseconds since 1970. Entries of referrers are ordered by it.
    public var pushed: Int64
    /// When it was last pushed or pulled, coarsely.
    public var touched: Int64
    /// A tombstone: it was deleted here, and is not to be seen as a child of an index either (spec/registry.md E-3).
    public var isDeleted: Bool
    /// It was fetched from where its image came from, not pushed: that says nothing of the blobs it names.
    public var isFetched = false
    /// It belongs to this manifest elsewhere, and is no image of the stream (spec/registry.md PT-25, PT-26).
    public var source: Digest?
    /// The tag that it had there; empty where it was asked for by its digest.
    public var sourceTag = ""

    public init(
        mediaType: String, size: Int64, canonical: Digest, subject: Digest? = nil, blobs: [Digest] = [],
        children: [Digest] = [], pushed: Int64, isDeleted: Bool = false
    ) {
        self.mediaType = mediaType
        self.size = size
        self.canonical = canonical
        self.subject = subject
        self.blobs = blobs
        self.children = children
        self.pushed = pushed
        touched = pushed
        self.isDeleted = isDeleted
    }

    public init?(decoding bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes),
            let canonical = value["canonical"]?.stringValue.flatMap({ Digest($0) })
        else { return nil }
        func digests(_ key: String) -> [Digest] {
            (value[key]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap { Digest($0) } }
        }
        self.init(
            mediaType: value["mediaType"]?.stringValue ?? "", size: value["size"]?.integerValue ?? 0,
            canonical: canonical, subject: value["subject"]?.stringValue.flatMap { Digest($0) },
            blobs: digests("blobs"), children: digests("children"), pushed: value["pushed"]?.integerValue ?? 0,
            isDeleted: value["deleted"]?.boolValue ?? false)
        isFetched = value["fetched"]?.boolValue ?? false
        source = value["source"]?.stringValue.flatMap { Digest($0) }
        sourceTag = value["sourceTag"]?.stringValue ?? ""
        touched = value["touched"]?.integerValue ?? pushed
    }

    public var encoded: [UInt8] {
        var out = JSONObject()
        out["mediaType"] = .string(mediaType)
        out["size"] = .integer(size)
        out["canonical"] = .string(canonical.description)
        if let subject { out["subject"] = .string(subject.description) }
        if !blobs.isEmpty { out["blobs"] = .array(blobs.map { .string($0.description) }) }
        if !children.isEmpty { out["children"] = .array(children.map { .string($0.description) }) }
        out["pushed"] = .integer(pushed)
        if touched != pushed { out["touched"] = .integer(touched) }
        if isDeleted { out["deleted"] = true }
        if isFetched { out["fetched"] = true }
        if let source { out["source"] = .string(source.description) }
        if !sourceTag.isEmpty { out["sourceTag"] = .string(sourceTag) }
        return JSONValue.object(out).jsonBytes()
    }
}
