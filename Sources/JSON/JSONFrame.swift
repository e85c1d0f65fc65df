/// A struct being decoded and the member of it the reader is in: what error texts and issues name.
struct JSONFrame {
    /// `ImageLookupPolicy`; empty for a struct without name.
    var structName: StaticString
    /// False for what lies outside of all structs.
    var isStruct = true
    /// JSON name of the current member; empty before the first.
    var field: StaticString = ""
    /// Element of the list in `field`; negative outside of lists.
    var index = -1
    /// Key of the map in `field`; negative start outside of maps.
    var mapKey = JSONToken(start: -1)
}

extension JSONReader {
    @inline(__always)
    var inStruct: Bool { frame.isStruct }

    /// The structs from the outermost to the current one.
    private var structs: [JSONFrame] {
        (outerFrames + [frame]).filter(\.isStruct)
    }

    /// `spec.tags[0].from`, ended by `last` in place of the innermost frame's current member.
    private func path(endingWith last: String?) -> String {
        var path = ""
        for frame in last == nil ? structs : structs.dropLast() {
            if frame.field.utf8CodeUnitCount > 0 { path += (path.isEmpty ? "" : ".") + "\(frame.field)" }
            if frame.mapKey.start >= 0 { path += "." + string(frame.mapKey) }
            if frame.index >= 0 { path += "[\(frame.index)]" }
        }
        guard let last else { return path }
        return path.isEmpty ? last : path + "." + last
    }

    /// `json: cannot unmarshal string into Go struct field ImageLookupPolicy.spec.lookupPolicy.local of type bool`.
    func typeError(_ found: String, _ goType: String) -> JSONError {
        let place: String
        if inStruct {
            let fields = structs.filter { $0.field.utf8CodeUnitCount > 0 }.map { "\($0.field)" }
            place = "struct field \(frame.structName).\(fields.joined(separator: "."))"
        } else {
            place = "value"
        }
        return error(.type, "json: cannot unmarshal \(found) into Go \(place) of type \(goType)")
    }

    /// The type error, or the syntax error, for the value that is next.
    mutating func mismatch(_ goType: @autoclosure () -> String) -> JSONError {
        let found: String
        let byte = peek()
        switch byte {
        case UInt8(ascii: "{"): found = "object"
        case UInt8(ascii: "["): found = "array"
        case UInt8(ascii: "\""): found = "string"
        case UInt8(ascii: "t"), UInt8(ascii: "f"): found = "bool"
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): found = "number"
        case UInt8(ascii: "n"): found = "null"
        default: return unexpected("looking for beginning of value")
        }
        return typeError(found, goType())
    }

    mutating func report(_ kind: JSONIssue.Kind, member: String) {
        guard issues.count < JSONIssue.limit else { return }
        add(JSONIssue(kind: kind, path: path(endingWith: member)))
    }

    /// A key repeated in the map that is the current member.
    mutating func report(duplicateMapKey key: String) {
        guard issues.count < JSONIssue.limit else { return }
        frame.mapKey.start = -1
        let outer = path(endingWith: nil)
        add(JSONIssue(kind: .duplicateField, path: outer.isEmpty ? key : outer + "." + key))
    }

    mutating func add(_ issue: JSONIssue) {
        if issues.count < JSONIssue.limit, !issues.contains(issue) { issues.append(issue) }
    }
}
