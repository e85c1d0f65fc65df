/// Equality of a generated type. The compiler's own would take two spellings of a letter for the same string, and a
/// change from one to the other for none.
extension SwiftEmitter {
    func equality() -> [String] {
        var lines = [
            "extension \(type.name) {",
            "    /// Strings are equal when their bytes are.",
            "    public static func == (left: Self, right: Self) -> Bool {",
        ]
        if type.fields.isEmpty { lines.append("        true") }
        for (number, field) in type.fields.enumerated() {
            let line = (number == 0 ? "        " : "            && ") + equality(of: field, "left", "right")
            guard line.count > 120, let operation = line.firstRange(of: " == ") else {
                lines.append(line)
                continue
            }
            lines.append(String(line[..<operation.lowerBound]))
            lines.append("                " + line[operation.lowerBound...].drop { $0 == " " })
        }
        return lines + ["    }", "}"]
    }

    /// The expression that compares a member of two values.
    func equality(of field: SchemaField, _ left: String, _ right: String) -> String {
        let (left, right) = ("\(left).\(field.swiftName)", "\(right).\(field.swiftName)")
        return field.type.holdsStrings ? "Exactly.equal(\(left), \(right))" : "\(left) == \(right)"
    }
}
