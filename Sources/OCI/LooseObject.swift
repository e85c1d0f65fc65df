import JSON

/// The members of a JSON object as Go's decoder sees them: names ignore case, null is absent, the last one wins
/// (`spec/image-resources.md` 7.2).
struct LooseObject {
    private let members: [String: JSONValue]
    /// Where the object stands, for messages.
    let path: String

    init(_ object: JSONObject, path: String = "") {
        var members: [String: JSONValue] = [:]
        for (key, value) in object where !value.isNull { members[key.lowercased()] = value }
        self.members = members
        self.path = path
    }

    /// `key` must be given in lower case.
    subscript(key: String) -> JSONValue? { members[key] }

    func has(_ key: String) -> Bool { members[key] != nil }

    func string(_ key: String) throws(ManifestError) -> String {
        guard let value = members[key] else { return "" }
        guard let text = value.stringValue else { throw wrongType(key, "string", value) }
        return text
    }

    func integer(_ key: String) throws(ManifestError) -> Int64 {
        guard let value = members[key] else { return 0 }
        guard case .integer(let number) = value else { throw wrongType(key, "int64", value) }
        return number
    }

    func object(_ key: String) throws(ManifestError) -> LooseObject? {
        guard let value = members[key] else { return nil }
        guard let object = value.objectValue else { throw wrongType(key, "object", value) }
        return LooseObject(object, path: position(key))
    }

    /// The objects of an array; null elements count as empty objects. At most `limit`.
    func objects(_ key: String, limit: Int) throws(ManifestError) -> [LooseObject] {
        guard let value = members[key] else { return [] }
        guard let array = value.arrayValue else { throw wrongType(key, "array", value) }
        guard array.count <= limit else {
            throw ManifestError(.tooLarge, "\(position(key)): \(array.count) entries, at most \(limit) are accepted")
        }
        var objects: [LooseObject] = []
        objects.reserveCapacity(array.count)
        for (index, element) in array.enumerated() {
            let place = "\(position(key))[\(index)]"
            switch element {
            case .object(let object): objects.append(LooseObject(object, path: place))
            case .null: objects.append(LooseObject(JSONObject(), path: place))
            default:
                throw ManifestError(
                    .malformed, "json: cannot unmarshal \(element.typeName) into \(place) of type object")
            }
        }
        return objects
    }

    /// A map of strings.
    func strings(_ key: String) throws(ManifestError) -> [String: String] {
        guard let value = members[key] else { return [:] }
        guard let object = value.objectValue else { throw wrongType(key, "map", value) }
        var map: [String: String] = [:]
        for (name, value) in object {
            if value.isNull {
                map[name] = ""
            } else if let text = value.stringValue {
                map[name] = text
            } else {
                throw wrongType("\(key).\(name)", "string", value)
            }
        }
        return map
    }

    private func position(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private func wrongType(_ key: String, _ type: String, _ value: JSONValue) -> ManifestError {
        ManifestError(.malformed, "json: cannot unmarshal \(value.typeName) into \(position(key)) of type \(type)")
    }
}

extension LooseObject {
    /// Parses `bytes`, which must hold one JSON object.
    static func parse(_ bytes: [UInt8], limit: Int) throws(ManifestError) -> LooseObject {
        LooseObject(try parseObject(bytes, limit: limit))
    }

    static func parseObject(_ bytes: [UInt8], limit: Int) throws(ManifestError) -> JSONObject {
        guard bytes.count <= limit else {
            throw ManifestError(.tooLarge, "\(bytes.count) bytes, at most \(limit) are accepted")
        }
        let value: JSONValue
        do {
            value = try JSONValue.parse(bytes, limits: JSONLimits(depth: 200, bytes: limit))
        } catch {
            throw ManifestError(.malformed, error.message)
        }
        guard let object = value.objectValue else {
            throw ManifestError(.malformed, "json: cannot unmarshal \(value.typeName) into a document of type object")
        }
        return object
    }
}
