import JSON
import OCI

/// What of an ImageStream goes with it to another server, and how it is put there.
enum StreamDocument {
    /// Annotations that a server keeps for itself.
    private static let own: Set = [
        "openshift.io/image.dockerRepositoryCheck", "kubectl.kubernetes.io/last-applied-configuration",
    ]

    /// Where streams are in the API.
    /// - Parameter namespace: nil for all.
    static func path(in namespace: String?) -> String {
        "/apis/image.openshift.io/v1" + (namespace.map { "/namespaces/\($0)" } ?? "") + "/imagestreams"
    }

    /// - Parameter name: `namespace/name`.
    static func path(_ name: String) -> String {
        let parts = name.split(separator: "/", maxSplits: 1)
        return path(in: parts.first.map { String($0) }) + "/" + (parts.last ?? "")
    }

    static func metadata(_ metadata: JSONValue) -> JSONObject {
        var out = JSONObject()
        if let labels = metadata["labels"]?.objectValue, !labels.isEmpty { out["labels"] = .object(labels) }
        let annotations = JSONObject((metadata["annotations"]?.objectValue ?? [:]).filter { !own.contains($0.key) })
        if !annotations.isEmpty { out["annotations"] = .object(annotations) }
        return out
    }

    /// - Parameter tags: those that go along; nil for all.
    static func spec(_ spec: JSONValue, tags: Set<String>?) -> JSONObject {
        var out = JSONObject()
        if let policy = spec["lookupPolicy"] { out["lookupPolicy"] = policy }
        let kept = (spec["tags"]?.arrayValue ?? []).filter { tag in
            guard let name = tag["name"]?.stringValue else { return false }
            return tags?.contains(name) ?? true
        }
        if !kept.isEmpty { out["tags"] = .array(Array(kept)) }
        return out
    }

    /// What every tag means now.
    static func images(_ stream: JSONValue) -> [String: Digest] {
        var images: [String: Digest] = [:]
        for tag in stream["status"]?["tags"]?.arrayValue ?? [] {
            let image = (tag["items"]?.arrayValue ?? []).lazy.compactMap { $0["image"]?.stringValue }.first {
                !$0.isEmpty
            }
            if let name = tag["tag"]?.stringValue, let digest = image.flatMap({ Digest($0) }) { images[name] = digest }
        }
        return images
    }

    // MARK: On the other side

    /// The stream as it is made where there is none: its tags come with their images.
    static func new(_ stream: BundledStream) -> JSONValue {
        var metadata = stream.metadata
        metadata["name"] = .string(stream.name)
        metadata["namespace"] = .string(stream.namespace)
        var spec = JSONObject()
        if let policy = stream.spec["lookupPolicy"] { spec["lookupPolicy"] = policy }
        return [
            "apiVersion": "image.openshift.io/v1", "kind": "ImageStream", "metadata": .object(metadata),
            "spec": .object(spec),
        ]
    }

    /// What brings a stream that is there in line, as a strategic merge patch: tags are merged by their names.
    ///
    /// - Parameter keepsSources: tags that import from elsewhere do so here too. Otherwise they mean the images that came
    ///   along, and say in an annotation where those came from.
    static func patch(_ stream: BundledStream, keepsSources: Bool) -> JSONValue {
        let tags = (stream.spec["tags"]?.arrayValue ?? []).map { tag(of: $0, stream, keepsSources: keepsSources) }
        var spec = JSONObject()
        if let policy = stream.spec["lookupPolicy"] { spec["lookupPolicy"] = policy }
        if !tags.isEmpty { spec["tags"] = .array(tags) }
        var out = JSONObject()
        if !stream.metadata.isEmpty { out["metadata"] = .object(stream.metadata) }
        out["spec"] = .object(spec)
        return .object(out)
    }

    /// Says where the image of a tag was imported from.
    static let sourceAnnotation = "weir.dev/bundle-source"

    private static func tag(of tag: JSONValue, _ stream: BundledStream, keepsSources: Bool) -> JSONValue {
        var out = JSONObject()
        for key in ["name", "annotations", "reference", "importPolicy", "referencePolicy", "from"] {
            if let value = tag[key], !value.isNull { out[key] = value }
        }
        guard let from = tag["from"], !from.isNull, !isFollowing(tag, stream), !keepsSources else {
            return .object(out)
        }
        var annotations = tag["annotations"]?.objectValue ?? [:]
        annotations[sourceAnnotation] = .string(
            "\(from["kind"]?.stringValue ?? ""): \(from["name"]?.stringValue ?? "")")
        out["annotations"] = .object(annotations)
        for key in ["from", "importPolicy", "reference"] { out[key] = nil }
        return .object(out)
    }

    /// Whether a tag follows another one of the same stream that comes along.
    static func isFollowing(_ tag: JSONValue, _ stream: BundledStream) -> Bool {
        guard let from = tag["from"], from["kind"]?.stringValue == "ImageStreamTag",
            let name = from["name"]?.stringValue
        else { return false }
        let namespace = from["namespace"]?.stringValue ?? ""
        guard namespace.isEmpty || namespace == stream.namespace else { return false }
        let target =
            name.contains(":")
            ? name.hasPrefix(stream.name + ":") ? String(name.dropFirst(stream.name.count + 1)) : "" : name
        return stream.tags.contains { $0.name == target }
    }
}
