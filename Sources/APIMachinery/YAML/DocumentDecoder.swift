import JSON

/// Reads the values of a configuration document, and remembers everything that is wrong with it.
///
/// Each reader takes a value with the path of its field, and gives what a reader of the document can go on with; the
/// faults, one line each, are there at the end.
public struct DocumentDecoder: Sendable {
    /// What is wrong, each with the path of its field.
    public var faults: [String] = []
    /// What faults call the document itself: `the policy`.
    private let name: String

    public init(_ name: String) { self.name = name }

    /// An object that has no fields but those that are known.
    public mutating func object(_ value: JSONValue, _ path: String, _ known: [String]) -> JSONObject? {
        guard let object = value.objectValue else {
            faults.append("\(path.isEmpty ? name : path): must be an object, not \(value.typeName)")
            return nil
        }
        for key in object.keys where !known.contains(key) {
            faults.append("\(path.isEmpty ? key : "\(path).\(key)"): unknown field")
        }
        return object
    }

    /// Notes a fault where the value is not the one text that is allowed.
    public mutating func require(_ value: JSONValue?, _ path: String, _ expected: String) {
        guard value?.stringValue != expected else { return }
        faults.append("\(path): must be \(expected)\(value.map { ", not \($0)" } ?? "")")
    }

    /// The elements of a list; none where it is absent.
    public mutating func elements(_ value: JSONValue?, _ path: String) -> [JSONValue] {
        guard let value, !value.isNull else { return [] }
        guard let array = value.arrayValue else {
            faults.append("\(path): must be a list, not \(value.typeName)")
            return []
        }
        return Array(array)
    }

    /// The strings of a list; none where it is absent.
    public mutating func texts(_ value: JSONValue?, _ path: String) -> [String] {
        elements(value, path).enumerated().compactMap { index, element in
            if element.stringValue == nil { faults.append("\(path)[\(index)]: must be a string, not \(element)") }
            return element.stringValue
        }
    }

    /// A string; nil where it is absent.
    public mutating func text(_ value: JSONValue?, _ path: String) -> String? {
        guard let value, !value.isNull else { return nil }
        if value.stringValue == nil { faults.append("\(path): must be a string, not \(value)") }
        return value.stringValue
    }

    /// A truth value; nil where it is absent.
    public mutating func flag(_ value: JSONValue?, _ path: String) -> Bool? {
        guard let value, !value.isNull else { return nil }
        if value.boolValue == nil { faults.append("\(path): must be true or false, not \(value)") }
        return value.boolValue
    }

    /// The strings of an object's members; none where it is absent.
    public mutating func textsByKey(_ value: JSONValue?, _ path: String) -> [String: String] {
        guard let value, !value.isNull else { return [:] }
        guard let object = value.objectValue else {
            faults.append("\(path): must be an object, not \(value.typeName)")
            return [:]
        }
        var texts: [String: String] = [:]
        for (key, element) in object { texts[key] = text(element, "\(path)[\(key)]") }
        return texts
    }
}
