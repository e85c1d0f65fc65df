import APIMachinery
import JSON

/// What is known of an image from its config: the document in `dockerImageMetadata` (spec/image-resources.md 4.3).
///
/// Only the members of the schema survive; the rest of a config is dropped.
struct DockerImageDocument: Hashable, Sendable {
    /// The schemas of the document. They differ in the names of the members only.
    enum Version: String, Sendable {
        case v10 = "1.0"
        case pre012

        /// Empty means 1.0; a group in front is tolerated.
        init?(_ text: String) {
            let bare = text.split(separator: "/").last.map(String.init) ?? ""
            self.init(rawValue: bare.isEmpty ? "1.0" : bare)
        }

        fileprivate var names: Names {
            switch self {
            case .v10: .capitalised
            case .pre012: .config
            }
        }
    }

    /// The names of the members: those of version 1.0, or those that image configs use too.
    enum Names: Sendable {
        case capitalised
        case config
    }

    var id = ""
    var parent = ""
    var comment = ""
    var created = Timestamp()
    var container = ""
    var containerConfig = DockerConfigDocument()
    var dockerVersion = ""
    var author = ""
    var config: DockerConfigDocument?
    var architecture = ""
    var size: Int64 = 0

    init() {}

    /// Reads a document. Names of members ignore case, `null` is absent, what the schema does not know is dropped.
    init(_ object: JSONObject, names: Names) throws(DockerDocumentError) {
        let members = LooseMembers(object)
        func name(_ capitalised: String, _ snake: String) -> String { names == .capitalised ? capitalised : snake }
        id = try members.string("id")
        parent = try members.string("parent")
        comment = try members.string("comment")
        created = try members.time("created")
        container = try members.string("container")
        containerConfig =
            try members.object(name("containerconfig", "container_config")).map(DockerConfigDocument.init)
            ?? DockerConfigDocument()
        dockerVersion = try members.string(name("dockerversion", "docker_version"))
        author = try members.string("author")
        config = try members.object("config").map(DockerConfigDocument.init)
        architecture = try members.string("architecture")
        size = try members.integer("size")
    }

    /// Reads the raw document of an Image; an absent one is the empty document.
    init(_ raw: RawJSON, version: Version) throws(DockerDocumentError) {
        guard !raw.isEmpty else { return }
        let value: JSONValue
        do { value = try raw.value() } catch { throw DockerDocumentError(error.message) }
        if value.isNull { return }
        guard let object = value.objectValue else {
            throw DockerDocumentError("json: cannot unmarshal \(value.typeName) into a document of type DockerImage")
        }
        try self.init(object, names: version.names)
    }

    /// The document as it stands in Images.
    func raw(version: Version) -> RawJSON {
        let capitalised = version == .v10
        var out = JSONObject()
        out["kind"] = "DockerImage"
        out["apiVersion"] = .string("\(ImageStreamsGroup.name)/\(version.rawValue)")
        func put(_ name: String, _ snake: String, _ text: String) {
            if !text.isEmpty { out[capitalised ? name : snake] = .string(text) }
        }
        out[capitalised ? "Id" : "id"] = .string(id)
        put("Parent", "parent", parent)
        put("Comment", "comment", comment)
        out[capitalised ? "Created" : "created"] = created.isZero ? .null : .string(created.description)
        put("Container", "container", container)
        out[capitalised ? "ContainerConfig" : "container_config"] = .object(containerConfig.members)
        put("DockerVersion", "docker_version", dockerVersion)
        put("Author", "author", author)
        if let config { out[capitalised ? "Config" : "config"] = .object(config.members) }
        put("Architecture", "architecture", architecture)
        if size != 0 { out[capitalised ? "Size" : "size"] = .integer(size) }
        return RawJSON(.object(out))
    }
}

/// The part of a config that says how containers run: only the members of the schema, empty ones left out, in its order.
struct DockerConfigDocument: Hashable, Sendable {
    private(set) var members = JSONObject()

    private enum Form {
        case string, integer, flag, strings
        /// A map whose values are empty objects.
        case set
        case map
    }

    private static let fields: [(name: String, form: Form)] = [
        ("Hostname", .string), ("Domainname", .string), ("User", .string), ("Memory", .integer),
        ("MemorySwap", .integer), ("CpuShares", .integer), ("Cpuset", .string), ("AttachStdin", .flag),
        ("AttachStdout", .flag), ("AttachStderr", .flag), ("PortSpecs", .strings), ("ExposedPorts", .set),
        ("Tty", .flag), ("OpenStdin", .flag), ("StdinOnce", .flag), ("Env", .strings), ("Cmd", .strings),
        ("Dns", .strings), ("Image", .string), ("Volumes", .set), ("VolumesFrom", .string), ("WorkingDir", .string),
        ("Entrypoint", .strings), ("NetworkDisabled", .flag), ("SecurityOpts", .strings), ("OnBuild", .strings),
        ("Labels", .map),
    ]

    init() {}

    init(_ object: LooseMembers) throws(DockerDocumentError) {
        for (name, form) in Self.fields {
            members[name] = try Self.value(of: name.lowercased(), form: form, in: object)
        }
    }

    /// Nil where the member is absent or empty.
    private static func value(
        of key: String, form: Form, in object: LooseMembers
    ) throws(DockerDocumentError) -> JSONValue? {
        switch form {
        case .string:
            let text = try object.string(key)
            return text.isEmpty ? nil : .string(text)
        case .integer:
            let number = try object.integer(key)
            return number == 0 ? nil : .integer(number)
        case .flag:
            return try object.flag(key) ? true : nil
        case .strings:
            let texts = try object.strings(key)
            return texts.isEmpty ? nil : .array(texts.map { .string($0) })
        case .set:
            let keys = try object.keys(key)
            return keys.isEmpty ? nil : .object(JSONObject(members: keys.map { ($0, .object(JSONObject())) }))
        case .map:
            let map = try object.map(key)
            let sorted = map.sorted { precedes($0.key, $1.key) }
            return map.isEmpty ? nil : .object(JSONObject(members: sorted.map { ($0.key, .string($0.value)) }))
        }
    }
}

/// A document that does not fit its schema.
struct DockerDocumentError: Error, Hashable, Sendable {
    var text: String
    init(_ text: String) { self.text = text }
}

/// The members of a JSON object as Go's decoder finds them: names ignore case, `null` is absent, the last one wins.
struct LooseMembers {
    private let members: [String: JSONValue]

    init(_ object: JSONObject) {
        var members: [String: JSONValue] = [:]
        for (key, value) in object where !value.isNull { members[key.lowercased()] = value }
        self.members = members
    }

    func string(_ key: String) throws(DockerDocumentError) -> String {
        guard let value = members[key] else { return "" }
        return try string(value, key)
    }

    func integer(_ key: String) throws(DockerDocumentError) -> Int64 {
        guard let value = members[key] else { return 0 }
        guard case .integer(let number) = value else { throw mismatch(value, key, "int64") }
        return number
    }

    func flag(_ key: String) throws(DockerDocumentError) -> Bool {
        guard let value = members[key] else { return false }
        guard let flag = value.boolValue else { throw mismatch(value, key, "bool") }
        return flag
    }

    func time(_ key: String) throws(DockerDocumentError) -> Timestamp {
        guard let value = members[key] else { return Timestamp() }
        let text = try string(value, key)
        do { return try Timestamp(parsing: text) } catch { throw DockerDocumentError(error.message) }
    }

    func object(_ key: String) throws(DockerDocumentError) -> LooseMembers? {
        guard let value = members[key] else { return nil }
        guard let object = value.objectValue else { throw mismatch(value, key, "object") }
        return LooseMembers(object)
    }

    func strings(_ key: String) throws(DockerDocumentError) -> [String] {
        guard let value = members[key] else { return [] }
        guard let array = value.arrayValue else { throw mismatch(value, key, "[]string") }
        var texts: [String] = []
        for element in array { texts.append(element.isNull ? "" : try string(element, key)) }
        return texts
    }

    /// The keys of a map whose values are objects, sorted.
    func keys(_ key: String) throws(DockerDocumentError) -> [String] {
        guard let value = members[key] else { return [] }
        guard let object = value.objectValue else { throw mismatch(value, key, "map") }
        for (name, value) in object where !value.isNull && value.objectValue == nil {
            throw mismatch(value, "\(key).\(name)", "object")
        }
        return object.keys.sorted(by: precedes)
    }

    func map(_ key: String) throws(DockerDocumentError) -> [String: String] {
        guard let value = members[key] else { return [:] }
        guard let object = value.objectValue else { throw mismatch(value, key, "map") }
        var map: [String: String] = [:]
        for (name, value) in object { map[name] = value.isNull ? "" : try string(value, "\(key).\(name)") }
        return map
    }

    private func string(_ value: JSONValue, _ key: String) throws(DockerDocumentError) -> String {
        guard let text = value.stringValue else { throw mismatch(value, key, "string") }
        return text
    }

    private func mismatch(_ value: JSONValue, _ key: String, _ type: String) -> DockerDocumentError {
        DockerDocumentError("json: cannot unmarshal \(value.typeName) into field \(key) of type \(type)")
    }
}
