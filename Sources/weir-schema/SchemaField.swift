import Yams

/// A member of a struct, the only place where it is written down.
struct SchemaField {
    /// When the member is written although it has nothing to say.
    enum Output: String {
        /// With its empty form: `""`, `0`, `[]`, `{}`; a zero time is `null`.
        case always
        /// Not at all.
        case omit
        /// As `null`.
        case null
    }

    let name: String
    let type: SchemaExpression
    let output: Output
    /// Whether OpenAPI demands the member.
    let isRequired: Bool
    let doc: String
    /// Field numbers from the message down; more than one where protobuf nests what JSON keeps flat. Empty: none.
    let numbers: [Int]
    /// Name in Go error texts if it is not that of the type (of the elements, for lists and maps).
    let goType: String?
    let listType: String?
    let listKeys: [String]
    let patchStrategy: String?
    let patchMergeKey: String?
    let defaultValue: String?
    /// OpenAPI definition of a raw JSON value.
    let definition: String?

    init(_ node: Node, at place: String) throws {
        let members = try SchemaMembers(
            node, at: place,
            allowed: [
                "name", "type", "out", "doc", "number", "go", "listType", "listKeys", "patchStrategy", "patchMergeKey",
                "default", "definition", "required",
            ])
        name = try members.string("name")
        let place = "\(place).\(name)"
        type = try SchemaExpression(try members.string("type"), at: place)
        let out = members.text("out") ?? type.defaultOutput
        guard let output = out.flatMap(Output.init(rawValue:)) else {
            throw SchemaError("\(place): out is missing or unknown")
        }
        guard output != .null || type.isPointer || type.isCollection else {
            throw SchemaError("\(place): only pointers, lists and maps can be null")
        }
        self.output = output
        isRequired = output != .omit && members.text("required") != "false"
        doc = try members.string("doc")
        numbers = try members.strings("number", orEmpty: true).map { text in
            guard let number = Int(text), 1...536_870_911 ~= number else {
                throw SchemaError("\(place): \(text) is no field number")
            }
            return number
        }
        goType = members.text("go")
        listType = members.text("listType")
        listKeys = try members.strings("listKeys", orEmpty: true)
        patchStrategy = members.text("patchStrategy")
        patchMergeKey = members.text("patchMergeKey")
        defaultValue = members.text("default")
        definition = members.text("definition")
        guard definition == nil || type.isRaw else { throw SchemaError("\(place): definition is for json only") }
    }

    /// `container_config` and `ContainerConfig` are `containerConfig` in Swift.
    var swiftName: String {
        let words = name.split(separator: "_")
        let joined = words.enumerated().map { $0.offset == 0 ? String($0.element) : $0.element.capitalized }.joined()
        return joined.prefix(1).lowercased() + joined.dropFirst()
    }

    private static let keywords: Set<String> = [
        "as", "break", "case", "continue", "default", "for", "import", "in", "internal", "is", "operator", "private",
        "protocol", "public", "repeat", "return", "self", "static", "struct", "switch", "where", "while",
    ]

    /// The name where Swift would take it for a keyword.
    var escapedName: String { Self.keywords.contains(swiftName) ? "`\(swiftName)`" : swiftName }
}
