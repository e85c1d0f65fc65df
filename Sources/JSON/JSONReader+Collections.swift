extension JSONReader {
    /// A list; `null` elements become empty values. `goType` names the element where it differs from its Swift type.
    @inlinable
    public mutating func readList<Value: JSONCodable>(
        _ type: Value.Type = Value.self, goType: StaticString? = nil
    ) throws(JSONError) -> [Value] {
        try enterList("[]\(goType ?? Value.goType)")
        var list: [Value] = []
        while try nextListElement(list.count) {
            if try readNull() { list.append(Value()) } else { list.append(try Value(from: &self)) }
        }
        leaveList()
        return list
    }

    /// A list of base64 strings.
    public mutating func readBytesList() throws(JSONError) -> [[UInt8]] {
        try enterList("[][]uint8")
        var list: [[UInt8]] = []
        while try nextListElement(list.count) { list.append(try readNull() ? [] : try readBytes()) }
        leaveList()
        return list
    }

    /// A map; `null` values become empty ones. Repeated keys are reported, the last wins.
    @inlinable
    public mutating func readMap<Value: JSONCodable>(
        _ type: Value.Type = Value.self, goType: StaticString? = nil
    ) throws(JSONError) -> [String: Value] {
        try enterMap("map[string]\(goType ?? Value.goType)")
        var map: [String: Value] = [:]
        while try nextMapMember() {
            let key = beginMapValue()
            let value = try readNull() ? Value() : try Value(from: &self)
            if map.updateValue(value, forKey: key) != nil { reportDuplicate(mapKey: key) }
        }
        leaveMap()
        return map
    }

    /// A map of base64 strings.
    public mutating func readBytesMap() throws(JSONError) -> [String: [UInt8]] {
        try enterMap("map[string][]uint8")
        var map: [String: [UInt8]] = [:]
        while try nextMapMember() {
            let key = beginMapValue()
            let value = try readNull() ? [] : try readBytes()
            if map.updateValue(value, forKey: key) != nil { reportDuplicate(mapKey: key) }
        }
        leaveMap()
        return map
    }

    // MARK: Steps

    @usableFromInline
    mutating func enterList(_ goType: @autoclosure () -> String) throws(JSONError) {
        guard peek() == UInt8(ascii: "[") else { throw mismatch(goType()) }
        try open()
    }

    @usableFromInline
    mutating func nextListElement(_ index: Int) throws(JSONError) -> Bool {
        guard try nextElement() else { return false }
        frame.index = index
        return true
    }

    @usableFromInline
    mutating func leaveList() {
        frame.index = -1
    }

    @usableFromInline
    mutating func enterMap(_ goType: @autoclosure () -> String) throws(JSONError) {
        guard peek() == UInt8(ascii: "{") else { throw mismatch(goType()) }
        try open()
    }

    @usableFromInline
    mutating func nextMapMember() throws(JSONError) -> Bool { try nextMember() }

    @usableFromInline
    mutating func reportDuplicate(mapKey key: String) { report(duplicateMapKey: key) }

    @usableFromInline
    mutating func beginMapValue() -> String {
        frame.mapKey = key
        return keyString
    }

    @usableFromInline
    mutating func leaveMap() {
        frame.mapKey.start = -1
    }
}
