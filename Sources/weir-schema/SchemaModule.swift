import Yams

/// One file of `Schema/`: the types of one module.
struct SchemaModule {
    /// Path of the YAML file, named in the header of what is generated from it.
    let file: String
    /// Folder the Swift files go to.
    let output: String
    let imports: [String]
    let group: String
    let version: String
    /// Package name in Go error texts: `v1`.
    let goPackage: String
    /// Prefix of OpenAPI definition names: `com.github.openshift.api.image.v1`.
    let openAPI: String
    let types: [SchemaType]

    init(yaml: String, file: String) throws {
        guard let root = try Yams.compose(yaml: yaml) else { throw SchemaError("\(file): empty") }
        let members = try SchemaMembers(
            root, at: file,
            allowed: ["output", "imports", "group", "version", "goPackage", "openAPI", "types"])
        self.file = file
        output = try members.string("output")
        imports = try members.strings("imports")
        group = try members.string("group")
        version = try members.string("version")
        goPackage = try members.string("goPackage")
        openAPI = try members.string("openAPI")
        types = try members.nodes("types").map { try SchemaType($0, file: file) }
    }

    /// The list of the objects called `name`, if it is declared beside them.
    func list(of name: String) -> SchemaType? { types.first { $0.name == name + "List" && $0.role == .list } }
}

/// A struct to be generated.
struct SchemaType {
    enum Role: String {
        /// Nested in others only.
        case part
        /// Has kind and apiVersion when it stands alone, and ObjectMeta.
        case object
        /// Has kind and apiVersion when it stands alone, ListMeta and items.
        case list
        /// Has kind and apiVersion when it stands alone.
        case kind
        /// Has kind and apiVersion wherever it stands.
        case document
    }

    let name: String
    let role: Role
    let doc: String
    /// Kind on the wire, if it is not the name.
    let kind: String
    let version: String?
    let group: String?
    let goPackage: String?
    let openAPI: String?
    /// Server-side apply treats a value as one leaf.
    let atomic: Bool
    /// The kind is also known in the core group.
    let legacy: Bool
    let fields: [SchemaField]

    init(_ node: Node, file: String) throws {
        let members = try SchemaMembers(
            node, at: file,
            allowed: [
                "name", "role", "doc", "kind", "group", "version", "goPackage", "openAPI", "atomic", "legacy", "fields",
            ])
        name = try members.string("name")
        let place = "\(file): \(name)"
        let role = members.text("role") ?? "part"
        guard let known = Role(rawValue: role) else { throw SchemaError("\(place): unknown role \(role)") }
        self.role = known
        doc = try members.string("doc")
        kind = members.text("kind") ?? name
        version = members.text("version")
        group = members.text("group")
        goPackage = members.text("goPackage")
        openAPI = members.text("openAPI")
        atomic = members.text("atomic") == "true"
        legacy = members.text("legacy") == "true"
        fields = try members.nodes("fields").map { try SchemaField($0, at: place) }
        guard fields.count <= 62 else { throw SchemaError("\(place): more than 62 fields") }
        guard Set(fields.map(\.name)).count == fields.count else { throw SchemaError("\(place): a field twice") }
    }
}

/// Where each type is declared.
struct SchemaIndex {
    private var types: [String: (SchemaType, SchemaModule)] = [:]

    init(_ modules: [SchemaModule]) throws {
        for module in modules {
            for type in module.types {
                guard types.updateValue((type, module), forKey: type.name) == nil else {
                    throw SchemaError("\(module.file): \(type.name) is declared twice")
                }
            }
        }
    }

    func check(_ name: String, at place: String) throws {
        guard types[name] != nil else { throw SchemaError("\(place): unknown type \(name)") }
    }
}
