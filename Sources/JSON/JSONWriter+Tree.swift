extension JSONWriter {
    private enum Level {
        case array(JSONArray, next: Int)
        case object(JSONObject.Iterator)
    }

    /// A tree of any depth.
    public mutating func write(_ value: JSONValue) {
        var open: [Level] = []
        begin(value, &open)
        while let level = open.popLast() {
            switch level {
            case .array(let array, let next):
                guard next < array.count else {
                    endArray()
                    continue
                }
                open.append(.array(array, next: next + 1))
                element()
                begin(array[next], &open)
            case .object(var members):
                guard let (name, value) = members.next() else {
                    endObject()
                    continue
                }
                open.append(.object(members))
                key(name)
                begin(value, &open)
            }
        }
    }

    /// Writes a scalar; opens a container.
    private mutating func begin(_ value: JSONValue, _ open: inout [Level]) {
        switch value {
        case .null: writeNull()
        case .bool(let value): write(value)
        case .integer(let value): write(value)
        case .double(let value): write(value)
        case .string(let value): write(value)
        case .array(let array):
            beginArray()
            open.append(.array(array, next: 0))
        case .object(let object):
            beginObject()
            open.append(.object(object.makeIterator()))
        }
    }
}

extension JSONValue {
    /// Compact JSON.
    public func jsonBytes() -> [UInt8] { encodedBytes() }
}
