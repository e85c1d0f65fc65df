import JSON

extension TypeSchema {
    /// What keeps a document from being an object of the type, in the words of the reference's conversion of untyped
    /// objects: `cannot restore slice from map`. Strategic merge patches answer with it.
    ///
    /// - Returns: the first problem; nil where there is none it knows of.
    public func conversionProblem(of document: JSONValue) -> String? {
        FieldType.object(self).problem(with: document, isPointer: false)
    }
}

extension FieldType {
    fileprivate func problem(with value: JSONValue, isPointer: Bool) -> String? {
        if value.isNull { return nil }
        switch (self, value) {
        case (.object(let schema), .object(let members)):
            for field in schema.fields {
                guard let member = members[field.name] else { continue }
                if let problem = field.type.problem(with: member, isPointer: field.isPointer) { return problem }
            }
            return nil
        case (.list(let element), .array(let elements)):
            for value in elements {
                if let problem = element.problem(with: value, isPointer: false) { return problem }
            }
            return nil
        case (.map(let element), .object(let members)):
            for (_, value) in members {
                if let problem = element.problem(with: value, isPointer: false) { return problem }
            }
            return nil
        case (.object, _): return "cannot restore struct from: \(Self.kind(of: value))"
        case (.list, _): return "cannot restore slice from \(Self.kind(of: value))"
        case (.map, _): return "cannot restore map from \(Self.kind(of: value))"
        case (.string, .string), (.bool, .bool), (.int64, .integer), (.int64, .double), (.int32, .integer),
            (.int32, .double), (.bytes, _), (.time, _), (.microTime, _),
            (.quantity, _), (.rawJSON, _):
            return nil
        case (.string, _): return Self.cannotConvert(value, to: "string")
        case (.bool, _): return Self.cannotConvert(value, to: "bool")
        case (.int64, _): return Self.cannotConvert(value, to: "int64")
        case (.int32, _): return Self.cannotConvert(value, to: "int32")
        }
    }

    private static func cannotConvert(_ value: JSONValue, to type: String) -> String {
        "cannot convert \(GoValueText.type(of: value)) to \(type)"
    }

    private static func kind(of value: JSONValue) -> String {
        switch value {
        case .object: "map"
        case .array: "slice"
        default: GoValueText.type(of: value)
        }
    }
}
