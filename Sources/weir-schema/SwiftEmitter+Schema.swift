extension SwiftEmitter {
    /// The runtime description: OpenAPI, protobuf, patches and apply read it.
    func schema() -> [String] {
        var lines = [
            "extension \(type.name) {",
            "    public static let schema = TypeSchema(",
            "        name: \"\(type.name)\",",
            "        goType: \"\(goType)\",",
            "        openAPIName: \"\(type.openAPI ?? module.openAPI).\(type.goName)\",",
        ]
        if type.role != .part { lines.append("        groupVersionKind: groupVersionKind,") }
        if type.legacy { lines.append("        isLegacy: true,") }
        if type.atomic { lines.append("        isAtomic: true,") }
        lines += documentation(type.doc, indent: "        ", end: ",")
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
            if let name = field.definition { lines.append("                definition: \"\(name)\",") }
            // One element needs no trailing comma; swift-format takes it away.
            lines += documentation(field.doc, indent: "                ", end: type.fields.count == 1 ? ")" : "),")
        }
        return lines + ["        ])", "}"]
    }

    /// `documentation: "…"`; a text too long for a line as a literal of several lines, which says the same.
    private func documentation(_ text: String, indent: String, end: String) -> [String] {
        let line = "\(indent)documentation: \(literal(text))\(end)"
        if line.count <= Self.lineLength { return [line] }
        let inner = indent + "    "
        // The words with the space behind them, so that nothing is lost where the line goes on.
        var rest = literal(text).dropFirst().dropLast()
        var lines = [inner]
        while !rest.isEmpty {
            var word = rest.firstIndex(of: " ").map { rest[...$0] } ?? rest
            let room = Self.lineLength - 1 - (lines.last?.count ?? 0)
            if word.count > room, lines.last != inner {
                lines.append(inner)
                continue
            }
            if word.count > room {
                word = word.prefix(room)
                // An escape stays whole.
                while word.last == "\\" { word.removeLast() }
            }
            lines[lines.count - 1] += word
            rest = rest[word.endIndex...]
        }
        let continued = lines.enumerated().map { $0.offset == lines.count - 1 ? $0.element : $0.element + "\\" }
        return ["\(indent)documentation: \"\"\""] + continued + ["\(inner)\"\"\"\(end)"]
    }

    private static let lineLength = 120

    private func literal(_ text: String) -> String {
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"" + escaped.replacing("\n", with: "\\n").replacing("\t", with: "\\t") + "\""
    }
}
