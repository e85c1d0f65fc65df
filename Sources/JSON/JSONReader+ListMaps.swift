// What generated code calls for maps whose values are lists, such as the extra values of a user.

extension JSONReader {
    /// A map of lists; `null` values become empty ones. `goType` names the list where it is a named type.
    @inlinable
    public mutating func readMap<Value: JSONCodable>(
        _ type: Value.Type = Value.self, goType: StaticString? = nil
    ) throws(JSONError) -> [String: [Value]] {
        try enterMap(goType.map { "map[string]\($0)" } ?? "map[string][]\(Value.goType)")
        var map: [String: [Value]] = [:]
        while try nextMapMember() {
            let key = beginMapValue()
            let value: [Value] = try readNull() ? [] : try readList()
            if map.updateValue(value, forKey: key) != nil { reportDuplicate(mapKey: key) }
        }
        leaveMap()
        return map
    }
}

extension JSONWriter {
    /// Keys in ascending order of their bytes.
    @inlinable
    public mutating func write<Value: JSONCodable>(_ map: [String: [Value]]) {
        beginObject()
        for index in SortedEntries.indices(of: map) {
            key(map[index].key)
            write(map[index].value)
        }
        endObject()
    }
}
