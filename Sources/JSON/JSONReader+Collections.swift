extension JSONReader {
    /// A list; `null` elements become empty values. `goType` names the element where it differs from its Swift type.
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
    public mutating func readMap<Value: JSONCodable>(
        _ type: Value.Type = Value.self, goType: StaticString? = nil
    ) throws(JSONError) -> [String: Value] {
        try enterMap("map[string]\(goType ?? Value.goType)")
        var map: [String: Value] = [:]
        while try nextMember() {
            let key = beginMapValue()
            let value = try readNull() ? Value() : try Value(from: &self)
            if map.updateValue(value, forKey: key) != nil { report(duplicateMapKey: key) }
        }
        leaveMap()
        return map
    }

    /// A map of base64 strings.
    public mutating func readBytesMap() throws(JSONError) -> [String: [UInt8]] {
        try enterMap("map[string][]uint8")
        var map: [String: [UInt8]] = [:]
        while try nextMember() {
            let key = beginMapValue()
            let value = try readNull() ? [] : try readBytes()
            if map.updateValue(value, forKey: key) != nil { report(duplicateMapKey: key) }
        }
        leaveMap()
        return map
    }

    // MARK: Steps

    private mutating func enterList(_ goType: @autoclosure () -> String) throws(JSONError) {
        guard peek() == UInt8(ascii: "[") else { throw mismatch(goType()) }
        try open()
    }

    private mutating func nextListElement(_ index: Int) throws(JSONError) -> Bool {
        guard try nextElement() else { return false }
        let top = frames.count - 1
        if top >= 0 { frames[top].index = index }
        return true
    }

    private mutating func leaveList() {
        let top = frames.count - 1
        if top >= 0 { frames[top].index = -1 }
    }

    private mutating func enterMap(_ goType: @autoclosure () -> String) throws(JSONError) {
        guard peek() == UInt8(ascii: "{") else { throw mismatch(goType()) }
        try open()
    }

    private mutating func beginMapValue() -> String {
        let top = frames.count - 1
        if top >= 0 { frames[top].mapKey = key }
        return keyString
    }

    private mutating func leaveMap() {
        let top = frames.count - 1
        if top >= 0 { frames[top].mapKey.start = -1 }
    }
}
