import JSON

/// A manifest of a type that is not known here, as far as it names content: whatever has the shape of a descriptor in the
/// members where manifests have them counts, and everything else may be anything (spec/registry.md P-3).
public struct OpaqueManifest: Hashable, Sendable {
    public var config: Descriptor?
    /// Those of `layers`, then those of `blobs`.
    public var layers: [Descriptor]
    public var manifests: [Descriptor]
    public var subject: Descriptor?
    /// Empty where it does not say.
    public var artifactType: String
    /// Those that are texts.
    public var annotations: [String: String]

    public init(_ object: JSONObject) {
        config = object["config"].flatMap { Self.descriptor($0) }
        layers = ["layers", "blobs"].flatMap { Self.descriptors(object[$0]) }
        manifests = Self.descriptors(object["manifests"])
        subject = object["subject"].flatMap { Self.descriptor($0) }
        artifactType = object["artifactType"]?.stringValue ?? ""
        annotations = Self.strings(object["annotations"])
    }

    private static func descriptors(_ value: JSONValue?) -> [Descriptor] {
        (value?.arrayValue ?? []).compactMap { descriptor($0) }
    }

    /// - Returns: nil for what names no content that could be here.
    private static func descriptor(_ value: JSONValue) -> Descriptor? {
        guard let digest = value["digest"]?.stringValue.flatMap({ Digest($0) }),
            let size = value["size"]?.integerValue, size >= 0
        else { return nil }
        let platform = value["platform"]?.objectValue.map { object in
            func text(_ key: String) -> String { object[key]?.stringValue ?? "" }
            return Platform(
                architecture: text("architecture"), os: text("os"), variant: text("variant"),
                osVersion: text("os.version"))
        }
        return Descriptor(
            mediaType: value["mediaType"]?.stringValue ?? "", digest: digest, size: size, platform: platform,
            artifactType: value["artifactType"]?.stringValue, annotations: strings(value["annotations"]))
    }

    private static func strings(_ value: JSONValue?) -> [String: String] {
        var strings: [String: String] = [:]
        for (key, value) in value?.objectValue ?? [:] { strings[key] = value.stringValue }
        return strings
    }
}
