extension SwiftEmitter {
    func decoding() -> [String] {
        var lines = [
            "extension \(type.name) {",
            "    public init(from reader: inout JSONReader) throws(JSONError) {",
            "        self.init()",
        ]
        if type.role == .object {
            lines += [
                "        try readFields(from: &reader)",
                "    }",
                "",
                "    /// Reads the members that are there; the others stay as they are.",
                "    public mutating func readFields(from reader: inout JSONReader) throws(JSONError) {",
            ]
        }
        lines.append("        try reader.enterStruct(\"\(type.name)\", goType: Self.goType)")
        var cases: [(name: String, lines: [String])] = []
        for (bit, field) in type.fields.enumerated() {
            cases.append(
                (
                    field.name,
                    [
                        "                if try reader.beginField(\"\(field.name)\", \(bit), &seen) {",
                        "                    self.\(field.swiftName) = try \(reading(field))",
                        "                }",
                    ]
                ))
        }
        if type.role != .part {
            for (offset, name) in ["kind", "apiVersion"].enumerated() {
                cases.append(
                    (
                        name,
                        [
                            "                if try reader.beginField(\"\(name)\", \(62 + offset), &seen) {",
                            "                    _ = try reader.readString()",
                            "                }",
                        ]
                    ))
            }
        }
        guard !cases.isEmpty else {
            return lines + [
                "        while try reader.nextField() { try reader.skipUnknownField() }", "    }", "}",
            ]
        }
        lines += [
            "        var seen: UInt64 = 0",
            "        while try reader.nextField() {",
            "            switch reader.keyLength {",
        ]
        for entry in cases {
            lines.append("            case \(entry.name.utf8.count) where reader.keyMatches(\"\(entry.name)\"):")
            lines += entry.lines
        }
        return lines + [
            "            default:",
            "                try reader.skipUnknownField()",
            "            }",
            "        }",
            "    }",
            "}",
        ]
    }

    private func reading(_ field: SchemaField) -> String {
        let goType = field.goType.map { "goType: \"\($0)\"" } ?? ""
        switch field.type.shape {
        case .string: return "reader.readString(\(goType))"
        case .int64: return "reader.readInt64(\(goType))"
        case .int32: return "reader.readInt32(\(goType))"
        case .bool: return "reader.readBool(\(goType))"
        case .bytes: return "reader.readBytes()"
        case .time: return "Timestamp(from: &reader)"
        case .microTime: return "MicroTime(from: &reader)"
        case .quantity: return "Quantity(from: &reader)"
        case .raw: return "RawJSON(from: &reader)"
        case .type(let name): return "\(name)(from: &reader)"
        case .list(.bytes): return "reader.readBytesList()"
        case .list: return "reader.readList(\(goType))"
        case .map(.bytes): return "reader.readBytesMap()"
        case .map: return "reader.readMap(\(goType))"
        }
    }

    func encoding() -> [String] {
        var lines = [
            "extension \(type.name) {",
            "    public func encode(to writer: inout JSONWriter) {",
        ]
        if type.role == .document {
            lines.append("        encodeTopLevel(to: &writer)")
        } else {
            lines += [
                "        writer.beginObject()",
                "        encodeFields(to: &writer)",
                "        writer.endObject()",
            ]
        }
        lines += [
            "    }",
            "",
            "    /// The members without the braces around them.",
            "    public func encodeFields(to writer: inout JSONWriter) {",
        ]
        for field in type.fields { lines += writing(field) }
        lines.append("    }")
        if type.role == .object { lines += reusingEncoding() + differingEncoding() }
        return lines + ["}"]
    }

    /// The encoding of an object that differs little from one whose encoding is at hand.
    private func reusingEncoding() -> [String] {
        var lines = [
            "",
            "    /// The members, those that are as in `old` copied from its encoding.",
            "    public func encodeFields(to writer: inout JSONWriter, reusing old: Self, _ members: EncodedMembers) {",
        ]
        for field in type.fields {
            guard case .type = field.type.shape, !field.type.isPointer, field.output == .always else {
                lines += writing(field)
                continue
            }
            let name = "self.\(field.swiftName)"
            lines += [
                "        writer.key(\"\(field.name)\")",
                "        if \(name) == old.\(field.swiftName), let encoded = members[\"\(field.name)\"] {",
                "            writer.write(raw: encoded)", "        } else {",
                "            \(value(field, name))", "        }",
            ]
        }
        return lines + ["    }"]
    }

    /// What two objects do not have in common.
    private func differingEncoding() -> [String] {
        var lines = [
            "",
            "    /// The members that are not as in `old`.",
            "    public func encodeFields(to writer: inout JSONWriter, differingFrom old: Self) {",
        ]
        for field in type.fields {
            lines.append("        if !(\(equality(of: field, "self", "old"))) {")
            lines += writing(field).map { "    " + $0 }
            lines.append("        }")
        }
        return lines + ["    }"]
    }

    private func writing(_ field: SchemaField) -> [String] {
        let key = "writer.key(\"\(field.name)\")"
        let name = "self.\(field.swiftName)"
        if field.type.isPointer {
            let value = value(field, "value")
            if field.output == .omit {
                return ["        if let value = \(name) {", "            \(key)", "            \(value)", "        }"]
            }
            return [
                "        \(key)",
                "        if let value = \(name) {", "            \(value)", "        } else {",
                "            writer.writeNull()", "        }",
            ]
        }
        let value = value(field, name)
        switch field.output {
        case .always: return ["        \(key)", "        \(value)"]
        case .omit:
            guard let present = presence(field, name) else { return ["        \(key)", "        \(value)"] }
            return ["        if \(present) {", "            \(key)", "            \(value)", "        }"]
        case .null:
            return [
                "        \(key)",
                "        if \(name).isEmpty {", "            writer.writeNull()", "        } else {",
                "            \(value)", "        }",
            ]
        }
    }

    /// The condition under which the value is not empty; structs never are.
    private func presence(_ field: SchemaField, _ name: String) -> String? {
        switch field.type.shape {
        case .string, .bytes, .raw, .list, .map: "!\(name).isEmpty"
        case .int64, .int32: "\(name) != 0"
        case .bool: name
        case .time, .microTime: "!\(name).isZero"
        case .quantity: "!\(name).isZero"
        case .type: nil
        }
    }

    private func value(_ field: SchemaField, _ name: String) -> String {
        switch field.type.shape {
        case .string, .int64, .bool: "writer.write(\(name))"
        case .int32: "writer.write(Int64(\(name)))"
        case .bytes: "writer.write(base64: \(name))"
        case .list(.bytes): "writer.write(base64List: \(name))"
        case .map(.bytes): "writer.write(base64Map: \(name))"
        case .list, .map: "writer.write(\(name))"
        case .time, .microTime, .quantity, .raw, .type: "\(name).encode(to: &writer)"
        }
    }
}
