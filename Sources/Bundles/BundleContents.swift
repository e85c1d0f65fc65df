import JSON
import OCI

/// What a bundle says of itself beyond an OCI layout: the streams, each a document of its own, and what it leaves out
/// because another bundle has it. `index.json` names it by an annotation; other programs pass it over.
struct BundleContents: Sendable {
    /// Of `index.json`: the digest of this document.
    static let annotation = "dev.weir.bundle.contents"

    struct Entry: Hashable, Sendable {
        var namespace: String
        var name: String
        /// Of the `BundledStream`.
        var digest: Digest
    }

    var streams: [Entry] = []
    /// Blobs that images of this bundle are made of and that are not in it.
    var required: Set<Digest> = []

    var encoded: [UInt8] {
        let value: JSONValue = [
            "apiVersion": "weir.dev/v1alpha1", "kind": "BundleContents",
            "streams": .array(
                streams.map {
                    [
                        "namespace": .string($0.namespace), "name": .string($0.name),
                        "digest": .string($0.digest.description),
                    ]
                }), "required": .array(required.sorted().map { .string($0.description) }),
        ]
        return value.jsonBytes()
    }

    init() {}

    init(parsing bytes: [UInt8]) throws(BundleError) {
        guard let value = try? JSONValue.parse(bytes), value["kind"]?.stringValue == "BundleContents" else {
            throw .damaged(reason: "the list of its contents cannot be read")
        }
        for entry in value["streams"]?.arrayValue ?? [] {
            guard let namespace = entry["namespace"]?.stringValue, let name = entry["name"]?.stringValue,
                let digest = entry["digest"]?.stringValue.flatMap({ Digest($0) })
            else { throw .damaged(reason: "an entry of its contents names no stream") }
            streams.append(Entry(namespace: namespace, name: name, digest: digest))
        }
        for entry in value["required"]?.arrayValue ?? [] {
            guard let digest = entry.stringValue.flatMap({ Digest($0) }) else {
                throw .damaged(reason: "an entry of its contents is no digest")
            }
            required.insert(digest)
        }
    }
}

/// A stream as a bundle carries it.
struct BundledStream: Sendable {
    /// A tag and what it means.
    struct Tag: Hashable, Sendable {
        var name: String
        var digest: Digest
        var mediaType: String

        /// How people are told of it.
        func place(in stream: BundledStream) -> String {
            let repository = "\(stream.namespace)/\(stream.name)"
            return name.isEmpty ? "\(repository)@\(digest)" : "\(repository):\(name)"
        }
    }

    var namespace: String
    var name: String
    /// Labels and annotations of the stream.
    var metadata: JSONObject
    /// `lookupPolicy` and `tags` as they stand in the API.
    var spec: JSONObject
    var tags: [Tag]
    /// Manifests that go along without a tag: what refers to the images, such as signatures.
    var manifests: [Tag]

    var encoded: [UInt8] {
        func list(_ tags: [Tag]) -> JSONValue {
            .array(
                tags.map {
                    [
                        "name": .string($0.name), "digest": .string($0.digest.description),
                        "mediaType": .string($0.mediaType),
                    ]
                })
        }
        let value: JSONValue = [
            "apiVersion": "weir.dev/v1alpha1", "kind": "BundledStream", "namespace": .string(namespace),
            "name": .string(name), "metadata": .object(metadata), "spec": .object(spec), "tags": list(tags),
            "manifests": list(manifests),
        ]
        return value.jsonBytes()
    }

    init(namespace: String, name: String, metadata: JSONObject = [:], spec: JSONObject = [:]) {
        self.namespace = namespace
        self.name = name
        self.metadata = metadata
        self.spec = spec
        tags = []
        manifests = []
    }

    /// Makes it a stream without these tags.
    mutating func leaveOut(_ names: [String]) {
        guard !names.isEmpty else { return }
        tags.removeAll { names.contains($0.name) }
        guard let all = spec["tags"]?.arrayValue else { return }
        spec["tags"] = .array(Array(all.filter { !names.contains($0["name"]?.stringValue ?? "") }))
    }

    init(parsing bytes: [UInt8], _ entry: BundleContents.Entry) throws(BundleError) {
        guard let value = try? JSONValue.parse(bytes), value["kind"]?.stringValue == "BundledStream" else {
            throw .damaged(reason: "the document of the stream \(entry.namespace)/\(entry.name) cannot be read")
        }
        self.init(
            namespace: entry.namespace, name: entry.name, metadata: value["metadata"]?.objectValue ?? [:],
            spec: value["spec"]?.objectValue ?? [:])
        tags = try Self.list(value["tags"])
        manifests = try Self.list(value["manifests"])
    }

    private static func list(_ value: JSONValue?) throws(BundleError) -> [Tag] {
        var tags: [Tag] = []
        for entry in value?.arrayValue ?? [] {
            guard let digest = entry["digest"]?.stringValue.flatMap({ Digest($0) }) else {
                throw .damaged(reason: "a tag of a stream names no digest")
            }
            tags.append(
                Tag(
                    name: entry["name"]?.stringValue ?? "", digest: digest,
                    mediaType: entry["mediaType"]?.stringValue ?? ""))
        }
        return tags
    }
}
