/// Steps through objects and arrays whose members are known only at run time.
extension JSONReader {
    /// Enters an object; `nextKey` gives its members.
    public mutating func enterObject() throws(JSONError) {
        guard peek() == UInt8(ascii: "{") else { throw mismatch("object") }
        try open()
    }

    /// The next key of the object entered last; nil when it is complete and left. The value must be consumed before the
    /// next call.
    public mutating func nextKey() throws(JSONError) -> String? { try nextMember() ? keyString : nil }

    /// Enters an array; `hasNextElement` leads to its elements.
    public mutating func enterArray() throws(JSONError) {
        guard peek() == UInt8(ascii: "[") else { throw mismatch("array") }
        try open()
    }

    /// Whether the array entered last has another element, which is next then; false leaves it.
    public mutating func hasNextElement() throws(JSONError) -> Bool { try nextElement() }
}
