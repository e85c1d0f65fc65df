import JSON
import OCI

/// A manifest as it was pushed, read as far as the registry must understand it (spec/registry.md 1.6 P-1 to P-8). Pure.
struct PushedManifest: Sendable {
    /// What the registry takes a manifest for.
    enum Kind: Hashable, Sendable {
        case image, index
        /// Of a type that is not known here; kept as it is.
        case opaque
    }

    let kind: Kind
    let mediaType: String
    let bytes: [UInt8]
    /// Of the bytes, in sha256.
    let canonical: Digest
    let config: Descriptor?
    let layers: [Descriptor]
    /// The manifests that an index lists, and layers where a builder put them there.
    let children: [Descriptor]
    let subject: Descriptor?
    /// The type of the artifact: what it says itself, else that of its config; empty for an index that does not say.
    let artifactType: String
    let annotations: [String: String]

    private static let maximumDepth = 64

    /// - Parameter contentType: the header's value.
    /// - Throws: `MANIFEST_INVALID`, `UNSUPPORTED`.
    init(parsing bytes: [UInt8], contentType: String) throws(RegistryError) {
        let value: JSONValue
        do {
            value = try JSONValue.parse(bytes, limits: JSONLimits(depth: Self.maximumDepth, bytes: bytes.count))
        } catch {
            throw .invalidManifest(error.message)
        }
        guard let object = value.objectValue else { throw .invalidManifest("a manifest is a JSON object") }
        mediaType = try Self.type(of: object, contentType)
        kind = Self.kind(of: mediaType)
        self.bytes = bytes
        canonical = Digest.sha256(of: bytes)
        if kind == .opaque {
            try Self.checkData(object, isKnownKind: false)
            let document = OpaqueManifest(object)
            (config, layers, children) = (document.config, document.layers, document.manifests)
            (subject, annotations) = (document.subject, document.annotations)
            artifactType = document.artifactType.isEmpty ? config?.mediaType ?? "" : document.artifactType
            return
        }
        let document: ManifestDocument
        do { document = try ManifestDocument(parsing: bytes, limits: .stored) } catch {
            throw .invalidManifest(error.text)
        }
        guard document.schemaVersion == 2 else { throw .invalidManifest("schemaVersion must be 2") }
        if kind == .image {
            guard document.hasConfig, let loose = document.config else {
                throw .invalidManifest("an image manifest must have a config")
            }
            guard !document.hasManifests else {
                throw .invalidManifest("an image manifest must not have manifests")
            }
            config = try Self.descriptor(loose, at: "config")
            layers = try Self.descriptors(document.layers, at: "layers")
            children = []
            try Self.checkURLs(object["layers"]?.arrayValue ?? [], layers)
        } else {
            guard !document.hasConfig, !document.hasLayers, object["fsLayers"] == nil else {
                throw .invalidManifest("an index must not have config, layers or fsLayers")
            }
            (config, layers) = (nil, [])
            var named: [Descriptor] = []
            for (index, entry) in document.manifests.enumerated() {
                if let child = try Self.named(entry, at: "manifests[\(index)]") { named.append(child) }
            }
            children = named
        }
        try Self.checkData(object, isKnownKind: true)
        subject = document.subject == nil ? nil : try Self.named(document.subject ?? .init(), at: "subject")
        annotations = document.annotations
        artifactType = document.artifactType.isEmpty ? config?.mediaType ?? "" : document.artifactType
    }

    // MARK: Type

    private static let untyped: Set = ["", "application/json", "application/octet-stream", "text/plain"]

    /// The header's type, the body's, or the one that its members show (P-2).
    private static func type(of object: JSONObject, _ contentType: String) throws(RegistryError) -> String {
        let header = MediaType.essence(contentType)
        let inside = object["mediaType"]?.stringValue ?? ""
        if !untyped.contains(header) {
            guard inside.isEmpty || MediaType.essence(inside) == header else {
                throw .invalidManifest("the manifest says it is \(inside), the request that it is \(header)")
            }
            try check(header)
            return header
        }
        if !inside.isEmpty {
            try check(MediaType.essence(inside))
            return MediaType.essence(inside)
        }
        if object["schemaVersion"]?.integerValue == 1 { throw schema1 }
        if object["manifests"]?.arrayValue != nil { return MediaType.ociIndex }
        if object["config"] != nil, object["layers"] != nil { return MediaType.ociManifest }
        throw .invalidManifest("neither the request nor the manifest says what it is")
    }

    private static func check(_ type: String) throws(RegistryError) {
        if MediaType.manifestKind(type) == .schema1 { throw schema1 }
        guard type.hasPrefix("application/"), type.hasSuffix("+json"), MediaType.isValid(type) else {
            throw RegistryError(415, .unsupported, "\(type) is no type of manifests")
        }
    }

    private static let schema1 = RegistryError(415, .unsupported, "manifest schema 1 is no longer supported")

    private static func kind(of type: String) -> Kind {
        switch MediaType.manifestKind(type) {
        case .dockerManifest, .ociManifest: .image
        case .dockerManifestList, .ociIndex: .index
        case .schema1, nil: .opaque
        }
    }

    // MARK: Descriptors

    private static func descriptor(
        _ loose: LooseDescriptor, at path: String
    ) throws(RegistryError) -> Descriptor {
        do { return try loose.checked(at: path) } catch { throw .invalidManifest(error.text) }
    }

    private static func descriptors(
        _ loose: [LooseDescriptor], at path: String
    ) throws(RegistryError) -> [Descriptor] {
        var out: [Descriptor] = []
        out.reserveCapacity(loose.count)
        for (index, entry) in loose.enumerated() { out.append(try descriptor(entry, at: "\(path)[\(index)]")) }
        return out
    }

    /// Of what need not be here; nil for what never is, because its digest is of an algorithm that nobody knows (G-3).
    private static func named(_ loose: LooseDescriptor, at path: String) throws(RegistryError) -> Descriptor? {
        loose.size >= 0 && Digest.isUnregistered(loose.digest) ? nil : try descriptor(loose, at: path)
    }

    /// Layers that lie elsewhere: a foreign Docker layer must say where, an ordinary one must not (P-5).
    private static func checkURLs(_ entries: JSONArray, _ layers: [Descriptor]) throws(RegistryError) {
        for (entry, layer) in zip(entries, layers) {
            let urls = entry["urls"]?.arrayValue ?? []
            for url in urls {
                guard let text = url.stringValue, text.hasPrefix("http://") || text.hasPrefix("https://"),
                    !text.contains("#")
                else {
                    throw .invalidManifest("layer \(layer.digest): a url must be http or https, without a fragment")
                }
            }
            if layer.mediaType == MediaType.dockerForeignLayer, urls.isEmpty {
                throw .invalidManifest("missing URL on layer \(layer.digest)")
            }
            if layer.mediaType == MediaType.dockerLayer, !urls.isEmpty {
                throw .invalidManifest("unexpected URL on layer \(layer.digest)")
            }
        }
    }

    /// Content that a descriptor brings along must be what it says (P-4).
    private static func checkData(_ object: JSONObject, isKnownKind: Bool) throws(RegistryError) {
        let single = [object["config"], object["subject"]].compactMap { $0 }.filter { !$0.isNull }
        let lists = ["layers", "manifests", "blobs"].flatMap { Array(object[$0]?.arrayValue ?? []) }
        for entry in single + lists {
            guard !isKnownKind || entry["size"]?.integerValue != nil else {
                throw .invalidManifest("a descriptor must say its size")
            }
            guard let data = entry["data"]?.stringValue else { continue }
            guard case .bytes(let bytes) = Base64.decode(Array(data.utf8)) else { continue }
            let name = entry["digest"]?.stringValue ?? ""
            guard let digest = Digest(name) else {
                if !isKnownKind || Digest.isUnregistered(name) { continue }
                throw .invalidManifest("\(name) is no digest")
            }
            guard Int64(bytes.count) == entry["size"]?.integerValue, digest.matches(bytes) else {
                throw .invalidManifest("the data of a descriptor is not what its digest and size say")
            }
        }
    }
}

extension PushedManifest {
    /// Whether the registry need not hold a layer: its owner does not let it be handed on.
    static func isNondistributable(_ mediaType: String) -> Bool {
        mediaType == MediaType.dockerForeignLayer
            || mediaType.hasPrefix("application/vnd.oci.image.layer.nondistributable.v1.tar")
    }

    /// What must be here before the manifest can be (P-5): each digest once.
    var requiredBlobs: [Descriptor] {
        var seen = Set<Digest>()
        return ((config.map { [$0] } ?? []) + layers).filter { descriptor in
            !Self.isNondistributable(descriptor.mediaType) && seen.insert(descriptor.digest).inserted
        }
    }

    /// Config and layers, each once: what its record remembers of it.
    var blobs: [Digest] {
        var seen = Set<Digest>()
        return ((config.map { [$0] } ?? []) + layers).map(\.digest).filter { seen.insert($0).inserted }
    }

    /// The entry in the list of its subject's referrers (F-3).
    func referrer(as digest: Digest) -> [UInt8] {
        var out = JSONObject()
        out["mediaType"] = .string(mediaType)
        out["digest"] = .string(digest.description)
        out["size"] = .integer(Int64(bytes.count))
        if !artifactType.isEmpty { out["artifactType"] = .string(artifactType) }
        if !annotations.isEmpty {
            var notes = JSONObject()
            for (key, value) in annotations.sorted(by: { Exactly.precedes($0.key, $1.key) }) {
                notes[key] = .string(value)
            }
            out["annotations"] = .object(notes)
        }
        return JSONValue.object(out).jsonBytes()
    }
}
