extension JSONWriter {
    private enum Level {
        case array(JSONArray, next: Int)
        case object(JSONObject.Iterator)
    }

    /// A tree of any depth.
    /// - Parameter sortsKeys: members by their names, as Go prints maps; else in their order.
    public mutating func write(_ value: JSONValue, sortsKeys: Bool = false) {
        var open: [Level] = []
        begin(value, sortsKeys, &open)
        while let level = open.popLast() {
            switch level {
            case .array(let array, let next):
                guard next < array.count else {
                    endArray()
                    continue
                }
                open.append(.array(array, next: next + 1))
                element()
                begin(array[next], sortsKeys, &open)
            case .object(var members):
                guard let (name, value) = members.next() else {
                    endObject()
                    continue
                }
                open.append(.object(members))
                key(name)
                begin(value, sortsKeys, &open)
            }
        }
    }

    /// Writes a scalar; opens a container.
    private mutating func begin(_ value: JSONValue, _ sortsKeys: Bool, _ open: inout [Level]) {
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
            let members = sortsKeys ? JSONObject(object.sorted { $0.key < $1.key }) : object
            open.append(.object(members.makeIterator()))
        }
    }
}

extension JSONValue {
    /// Compact JSON.
    public func jsonBytes() -> [UInt8] { encodedBytes() }

    /// Compact JSON with the members of every object in the order of their names, as Go prints maps.
    public var sortedDescription: String {
        var writer = JSONWriter()
        writer.write(self, sortsKeys: true)
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    /// Whether more than `limit` arrays and objects are inside each other.
    public func isDeeper(than limit: Int) -> Bool {
        // The height of a container never shrinks, so a small one tells enough.
        guard height > limit else { return false }
        var containers = [(self, 1)]
        while let (value, depth) = containers.popLast() {
            let children: any Sequence<JSONValue>
            switch value {
            case .array(let array): children = array
            case .object(let object): children = object.values
            default: continue
            }
            if depth > limit { return true }
            for child in children where child.height > 0 { containers.append((child, depth + 1)) }
        }
        return false
    }
}
