extension JSONReader {
    /// An array or object under construction, in plain arrays: the classes behind the finished values would check
    /// for uniqueness and exclusive access at each step.
    private struct Builder {
        var isObject: Bool
        var key = ""
        var elements: [JSONValue] = []
        var slots: [JSONObject.Slot] = []
        var index: [ExactString: Int]?

        /// False if the current key was there before.
        mutating func add(_ value: JSONValue) -> Bool {
            let known: Int?
            if let index {
                known = index[ExactString(key)]
            } else {
                known = slots.firstIndex { $0.key.map { Exactly.equal($0, key) } ?? false }
            }
            if let known {
                slots[known].value = value
                return false
            }
            slots.append(JSONObject.Slot(key: key, value: value))
            if index != nil {
                index?[ExactString(key)] = slots.count - 1
            } else if slots.count > JSONObject.linearLimit {
                index = JSONObject.index(of: slots)
            }
            return true
        }
    }

    /// Consumes any value into a tree, reporting duplicate fields.
    public mutating func readValue() throws(JSONError) -> JSONValue {
        var open: [Builder] = []
        while true {
            var value: JSONValue
            switch peek() {
            case UInt8(ascii: "{"):
                try self.open()
                if try nextMember() {
                    open.append(Builder(isObject: true, key: keyString))
                    continue
                }
                value = .object(JSONObject())
            case UInt8(ascii: "["):
                try self.open()
                if try nextElement() {
                    open.append(Builder(isObject: false))
                    continue
                }
                value = .array(JSONArray([]))
            default: value = try readScalar()
            }
            // Hand the value to its container, and every container completed by that to the next one.
            while true {
                let top = open.count - 1
                guard top >= 0 else { return value }
                if open[top].isObject {
                    if !open[top].add(value) { reportDuplicate(open) }
                    if try nextMember() {
                        open[top].key = keyString
                        break
                    }
                    let complete = open.removeLast()
                    value = .object(JSONObject(slots: complete.slots, index: complete.index))
                } else {
                    open[top].elements.append(value)
                    if try nextElement() { break }
                    value = .array(JSONArray(open.removeLast().elements))
                }
            }
        }
    }

    private mutating func readScalar() throws(JSONError) -> JSONValue {
        switch peek() {
        case UInt8(ascii: "\""): return .string(string(try scanString()))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return try readNumber()
        case UInt8(ascii: "t"):
            try literal("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try literal("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try literal("null")
            return .null
        default: throw unexpected("looking for beginning of value")
        }
    }

    private mutating func reportDuplicate(_ open: [Builder]) {
        guard issues.count < JSONIssue.limit else { return }
        var path = ""
        for builder in open {
            if builder.isObject {
                path += (path.isEmpty ? "" : ".") + builder.key
            } else {
                path += "[\(builder.elements.count)]"
            }
        }
        add(JSONIssue(kind: .duplicateField, path: path))
    }
}

extension JSONValue {
    /// Parses a whole text; `issues` receives duplicate fields.
    public static func parse(
        _ bytes: UnsafeRawBufferPointer, limits: JSONLimits = .standard, issues: inout [JSONIssue]
    ) throws(JSONError) -> JSONValue {
        let (value, found) = try JSONReader.withReader(bytes, limits: limits) { (reader) throws(JSONError) in
            let value = try reader.readValue()
            try reader.finish()
            return (value, reader.issues)
        }
        issues += found
        return value
    }

    /// Parses a whole text; `issues` receives duplicate fields.
    public static func parse(
        _ bytes: [UInt8], limits: JSONLimits = .standard, issues: inout [JSONIssue]
    ) throws(JSONError) -> JSONValue {
        try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) -> JSONValue in
            try parse(UnsafeRawBufferPointer(buffer), limits: limits, issues: &issues)
        }
    }

    /// Parses a whole text; of duplicate fields the last wins.
    public static func parse(_ bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) -> JSONValue {
        var issues: [JSONIssue] = []
        return try parse(bytes, limits: limits, issues: &issues)
    }

    /// Parses a whole text; of duplicate fields the last wins.
    public static func parse(_ text: String, limits: JSONLimits = .standard) throws(JSONError) -> JSONValue {
        try parse(Array(text.utf8), limits: limits)
    }
}

extension JSONObject {
    /// Parses a whole text that must hold an object.
    public static func parse(
        _ bytes: [UInt8], limits: JSONLimits = .standard, issues: inout [JSONIssue]
    ) throws(JSONError) -> JSONObject {
        let value = try JSONValue.parse(bytes, limits: limits, issues: &issues)
        guard let object = value.objectValue else {
            throw JSONError(
                kind: .type,
                message: "json: cannot unmarshal \(value.typeName) into Go value of type map[string]interface {}")
        }
        return object
    }
}
