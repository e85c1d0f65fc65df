import JSON

/// FieldsV1, the JSON form of a field set (spec/api-machinery.md 6.8).
extension FieldSet {
    /// No type nests as deep; deeper sets are hostile.
    private static let depthLimit = 100

    /// Reads a set in FieldsV1.
    ///
    /// - Throws: `JSONError` for anything but a trie of known elements, also for one that is too deep.
    public init(fieldsV1: RawJSON) throws(JSONError) {
        self = try JSONReader.withReader(fieldsV1.bytes) { (reader) throws(JSONError) in
            let (set, _) = try Self.read(&reader, depth: 0)
            try reader.finish()
            return set
        }
    }

    /// - Returns: the paths below, and whether the node itself is a member.
    private static func read(_ reader: inout JSONReader, depth: Int) throws(JSONError) -> (FieldSet, Bool) {
        guard depth < depthLimit else { throw reader.invalidValue("fields are nested too deep") }
        if try reader.readNull() { return (FieldSet(), depth > 0) }
        try reader.enterStruct("FieldsV1", goType: "v1.FieldsV1")
        var nodes: [Node] = []
        var isMember = false
        var isLeaf = true
        while try reader.nextField() {
            isLeaf = false
            let key = reader.keyString
            if key == "." {
                isMember = true
                try reader.skipValue()
                continue
            }
            guard let element = PathElement(fieldsV1: key) else {
                throw reader.invalidValue("unknown path element \(key)")
            }
            let (children, isOwned) = try read(&reader, depth: depth + 1)
            if isOwned || !children.isEmpty {
                nodes.append(Node(element: element, isMember: isOwned, children: children))
            }
        }
        return (FieldSet(nodesWithContent: nodes), isMember || isLeaf)
    }

    /// The set in FieldsV1: the same bytes for the same paths.
    public var fieldsV1: RawJSON {
        var writer = JSONWriter()
        writer.beginObject()
        write(to: &writer)
        writer.endObject()
        return RawJSON(compact: writer.finish())
    }

    private func write(to writer: inout JSONWriter) {
        for node in nodes {
            writer.key(node.element.fieldsV1)
            writer.beginObject()
            if node.isMember && !node.children.isEmpty {
                writer.key(".")
                writer.beginObject()
                writer.endObject()
            }
            node.children.write(to: &writer)
            writer.endObject()
        }
    }
}

extension PathElement {
    /// The key of the element in FieldsV1: `f:name`, `k:{"name":"v1"}`, `v:"x"`, `i:0`.
    var fieldsV1: String {
        switch self {
        case .field(let name): "f:" + name
        case .key(let members): "k:" + JSONValue.object(JSONObject(members.map { ($0.name, $0.value) })).description
        case .value(let value): "v:" + value.description
        case .index(let index): "i:\(index)"
        }
    }

    /// - Returns: nil for a key that FieldsV1 does not know.
    init?(fieldsV1 key: String) {
        let content = key.dropFirst(2)
        switch key.prefix(2) {
        case "f:": self = .field(String(content))
        case "v:":
            guard let value = try? JSONValue.parse(String(content)) else { return nil }
            self = .value(value)
        case "k:":
            guard case .object(let members)? = try? JSONValue.parse(String(content)) else { return nil }
            var key: [KeyMember] = []
            for (name, value) in members { key.append(KeyMember(name: name, value: value)) }
            if key.count > 1 { key.sort { Exactly.precedes($0.name, $1.name) } }
            self = .key(key)
        case "i:":
            guard let index = Int64(content) else { return nil }
            self = .index(index)
        default: return nil
        }
    }
}
