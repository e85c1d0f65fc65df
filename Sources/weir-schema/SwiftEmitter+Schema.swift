extension SwiftEmitter {
    /// The runtime description: OpenAPI, protobuf, patches and apply read it.
    func schema() -> [String] {
        var lines = [
            "extension \(type.name) {",
            "    public static let schema = TypeSchema(",
            "        name: \"\(type.name)\",",
            "        goType: \"\(goType)\",",
            "        openAPIName: \"\(type.openAPI ?? module.openAPI).\(type.name)\",",
        ]
        if type.role != .part { lines.append("        groupVersionKind: groupVersionKind,") }
        if type.atomic { lines.append("        isAtomic: true,") }
        lines += [
            "        documentation: \(literal(type.doc)),"
        ]
        if type.fields.isEmpty { return lines + ["        fields: [])", "}"] }
        lines.append("        fields: [")
        for field in type.fields {
            lines += [
                "            FieldSchema(",
                "                name: \"\(field.name)\",",
                "                type: \(SchemaExpression.fieldType(field.type.shape)),",
            ]
            if field.type.isPointer { lines.append("                isPointer: true,") }
            lines.append("                output: .\(field.output.rawValue),")
            if field.isRequired { lines.append("                isRequired: true,") }
            if !field.numbers.isEmpty {
                lines.append("                protobuf: [\(field.numbers.map(String.init).joined(separator: ", "))],")
            }
            if let goType = field.goType { lines.append("                goType: \"\(goType)\",") }
            if let listType = field.listType { lines.append("                listType: .\(listType),") }
            if !field.listKeys.isEmpty {
                lines.append("                listKeys: [\(field.listKeys.map(literal).joined(separator: ", "))],")
            }
            if let strategy = field.patchStrategy { lines.append("                patchStrategy: .\(strategy),") }
            if let key = field.patchMergeKey { lines.append("                patchMergeKey: \"\(key)\",") }
            if let value = field.defaultValue { lines.append("                defaultValue: \(literal(value)),") }
            lines.append("                documentation: \(literal(field.doc))),")
        }
        // One element needs no trailing comma; swift-format takes it away.
        if type.fields.count == 1 { lines[lines.count - 1].removeLast() }
        return lines + ["        ])", "}"]
    }

    private func literal(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
