import JSON

/// ImageStreamImports as they are sent (spec/clients.md 4.4).
struct ImportDocument {
    let wish: ImportWish
    /// Nil where there was none.
    let stream: JSONValue?
    private let spec: SpecTags

    init(_ wish: ImportWish, stream: JSONValue?) {
        self.wish = wish
        self.stream = stream
        spec = SpecTags(stream)
    }

    /// Asks for as many tags of a repository as the server imports at once.
    /// - Parameter resourceVersion: of the stream, which must still be that one; empty for any.
    func repository(_ from: String, resourceVersion: String) -> JSONValue {
        var entry = policies(of: nil)
        entry["from"] = Self.source(from)
        return document(["import": true, "repository": .object(entry)], resourceVersion)
    }

    /// Asks for single tags.
    func images(_ tags: some Sequence<ImportPlan.Tag>, resourceVersion: String) -> JSONValue {
        let entries = tags.map { tag -> JSONValue in
            var entry = policies(of: spec[tag.name])
            entry["from"] = Self.source(tag.from)
            entry["to"] = ["name": .string(tag.name)]
            return .object(entry)
        }
        return document(["import": true, "images": .array(entries)], resourceVersion)
    }

    private static func source(_ from: String) -> JSONValue { ["kind": "DockerImage", "name": .string(from)] }

    private func document(_ spec: JSONValue, _ resourceVersion: String) -> JSONValue {
        var metadata: JSONObject = ["name": .string(wish.stream), "namespace": .string(wish.namespace)]
        if !resourceVersion.isEmpty { metadata["resourceVersion"] = .string(resourceVersion) }
        return [
            "kind": "ImageStreamImport", "apiVersion": "image.openshift.io/v1", "metadata": .object(metadata),
            "spec": spec, "status": [:],
        ]
    }

    /// What holds for a tag: what was asked for, else what it says of itself, else what the server does by itself.
    private func policies(of tag: JSONValue?) -> JSONObject {
        let known = tag?["importPolicy"]
        let annotation = stream?["metadata"]?["annotations"]?["openshift.io/image.insecureRepository"]?.stringValue
        let isInsecure = wish.isInsecure ?? (annotation == "true")
        var policy: JSONObject = [
            "insecure": .bool(isInsecure || known?["insecure"]?.boolValue == true),
            "scheduled": .bool(wish.isScheduled || known?["scheduled"]?.boolValue == true),
        ]
        if let mode = wish.importMode ?? known?["importMode"]?.stringValue { policy["importMode"] = .string(mode) }
        var entry: JSONObject = ["importPolicy": .object(policy)]
        if let type = wish.referencePolicy ?? tag?["referencePolicy"]?["type"]?.stringValue {
            entry["referencePolicy"] = ["type": .string(type)]
        }
        return entry
    }
}
