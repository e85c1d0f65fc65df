import JSON

/// What a registry answers that keeps signatures itself (`spec/import-and-controllers.md` C.2.1).
enum SignatureExtension {
    /// The signatures in a document, in its order.
    ///
    /// Entries of another version or type and those whose content is no base64 are left out; so is everything in what
    /// is no such document.
    static func signatures(in document: [UInt8]) -> [[UInt8]] {
        guard let value = try? JSONValue.parse(document, limits: JSONLimits(depth: 100, bytes: document.count + 1))
        else {
            return []
        }
        return (value["signatures"]?.arrayValue?.elements ?? []).compactMap { entry in
            guard entry["schemaVersion"]?.integerValue == 2, entry["type"]?.stringValue == "atomic",
                let content = entry["content"]?.stringValue,
                case .bytes(let bytes) = Base64.decode(Array(content.utf8)), !bytes.isEmpty
            else { return nil }
            return bytes
        }
    }
}
