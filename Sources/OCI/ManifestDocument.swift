/// A manifest as it is written down, of whatever kind, with nothing checked but the JSON types
/// (`spec/image-resources.md` 7.2 step 4).
///
/// API objects may carry manifests no registry would serve; answers of registries are read as `Manifest`.
public struct ManifestDocument: Hashable, Sendable {
    public var schemaVersion: Int64 = 0
    public var mediaType = ""
    public var artifactType = ""
    public var annotations: [String: String] = [:]

    // Schema 1.
    public var name = ""
    public var tag = ""
    public var architecture = ""
    /// `fsLayers[].blobSum`, newest first.
    public var fsLayers: [String] = []
    /// `history[].v1Compatibility`, newest first.
    public var history: [String] = []

    // Schema 2 and OCI.
    public var config: LooseDescriptor?
    public var layers: [LooseDescriptor] = []
    public var manifests: [LooseDescriptor] = []
    public var subject: LooseDescriptor?
    /// Whether the members are there at all (null does not count).
    public var hasConfig = false
    public var hasLayers = false
    public var hasManifests = false

    /// Throws for malformed JSON, members of a wrong type and exceeded limits.
    public init(parsing bytes: [UInt8], limits: ManifestLimits = .standard) throws(ManifestError) {
        let object = try LooseObject.parse(bytes, limit: limits.bytes)
        schemaVersion = try object.integer("schemaversion")
        mediaType = try object.string("mediatype")
        artifactType = try object.string("artifacttype")
        annotations = try object.strings("annotations")
        name = try object.string("name")
        tag = try object.string("tag")
        architecture = try object.string("architecture")
        for layer in try object.objects("fslayers", limit: limits.layers) {
            fsLayers.append(try layer.string("blobsum"))
        }
        for entry in try object.objects("history", limit: limits.layers) {
            history.append(try entry.string("v1compatibility"))
        }
        config = try Self.descriptor(try object.object("config"))
        layers = try Self.descriptors(try object.objects("layers", limit: limits.layers))
        manifests = try Self.descriptors(try object.objects("manifests", limit: limits.children))
        subject = try Self.descriptor(try object.object("subject"))
        hasConfig = object.has("config")
        hasLayers = object.has("layers")
        hasManifests = object.has("manifests")
    }

    private static func descriptors(_ objects: [LooseObject]) throws(ManifestError) -> [LooseDescriptor] {
        var out: [LooseDescriptor] = []
        out.reserveCapacity(objects.count)
        for object in objects {
            if let descriptor = try descriptor(object) { out.append(descriptor) }
        }
        return out
    }

    private static func descriptor(_ object: LooseObject?) throws(ManifestError) -> LooseDescriptor? {
        guard let object else { return nil }
        var descriptor = LooseDescriptor(
            mediaType: try object.string("mediatype"), digest: try object.string("digest"),
            size: try object.integer("size"))
        if let platform = try object.object("platform") {
            descriptor.platform = Platform(
                architecture: try platform.string("architecture"), os: try platform.string("os"),
                variant: try platform.string("variant"), osVersion: try platform.string("os.version"))
        }
        let artifactType = try object.string("artifacttype")
        descriptor.artifactType = artifactType.isEmpty ? nil : artifactType
        descriptor.annotations = try object.strings("annotations")
        return descriptor
    }
}
