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
        for index in SortedEntries.indices(of: map) {
            key(map[index].key)
            map[index].value.encode(to: &self)
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
        for index in SortedEntries.indices(of: map) {
            key(map[index].key)
            write(base64: map[index].value)
        }
        endObject()
    }
}
