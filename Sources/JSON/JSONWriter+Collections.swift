/// What generated encoders call for lists and maps.
extension JSONWriter {
    @inlinable
    public mutating func write<Value: JSONCodable>(_ list: [Value]) {
        beginArray()
        for value in list {
            element()
            value.encode(to: &self)
        }
        endArray()
    }

    /// Keys in ascending order of their bytes.
    @inlinable
    public mutating func write<Value: JSONCodable>(_ map: [String: Value]) {
        beginObject()
        for name in Self.sorted(Array(map.keys)) {
            key(name)
            map[name]?.encode(to: &self)
        }
        endObject()
    }

    public mutating func write(base64List list: [[UInt8]]) {
        beginArray()
        for value in list {
            element()
            write(base64: value)
        }
        endArray()
    }

    public mutating func write(base64Map map: [String: [UInt8]]) {
        beginObject()
        for name in Self.sorted(Array(map.keys)) {
            key(name)
            write(base64: map[name] ?? [])
        }
        endObject()
    }

    @usableFromInline
    static func sorted(_ keys: [String]) -> [String] {
        keys.count < 2 ? keys : keys.sorted(by: Exactly.precedes)
    }
}
