import JSON

/// The annotation in which client-side `kubectl apply` keeps its last configuration, as far as server-side apply by
/// kubectl cares for it (spec/api-machinery.md 6.10).
enum LastApplied {
    static let annotation = "kubectl.kubernetes.io/last-applied-configuration"
    /// The only manager that takes over from the annotation.
    static let manager = "kubectl"
    /// Bytes all annotations of an object may have together.
    private static let sizeLimit = 262_144

    private static func text(in document: JSONValue) -> String? {
        document["metadata"]?["annotations"]?[annotation]?.stringValue
    }

    /// The fields of the annotation whose values still are those of the object; nil without a usable annotation.
    static func unchangedFields(
        of document: JSONValue, _ identity: GroupVersionKind, _ type: ApplyType
    ) -> FieldSet? {
        guard let text = text(in: document), let applied = try? JSONValue.parse(text),
            applied["apiVersion"]?.stringValue == identity.apiVersion,
            let configuration = try? TypedDocument(applied, type: type)
        else { return nil }
        let comparison = Comparison(old: applied, new: document, type: type)
        return configuration.fields.subtracting(comparison.touched)
    }

    /// Puts the new configuration into the annotation, where the object has one.
    ///
    /// - Returns: whether that changed the annotation.
    static func renew(in document: inout JSONValue, configuration: JSONValue) -> Bool {
        guard let old = text(in: document), case .object(var metadata)? = document["metadata"],
            case .object(var annotations)? = metadata["annotations"]
        else { return false }
        var text = withoutAnnotation(configuration).description + "\n"
        annotations[annotation] = .string(text)
        var size = 0
        for (key, value) in annotations { size += key.utf8.count + (value.stringValue?.utf8.count ?? 0) }
        if size > sizeLimit {
            text = ""
            annotations[annotation] = .string(text)
        }
        guard text != old else { return false }
        metadata["annotations"] = .object(annotations)
        document["metadata"] = .object(metadata)
        return true
    }

    private static func withoutAnnotation(_ configuration: JSONValue) -> JSONValue {
        guard configuration["metadata"]?["annotations"]?[annotation] != nil else { return configuration }
        var copy = configuration
        if case .object(var metadata)? = copy["metadata"], case .object(var annotations)? = metadata["annotations"] {
            annotations[annotation] = nil
            metadata["annotations"] = .object(annotations)
            copy["metadata"] = .object(metadata)
        }
        return copy
    }
}
