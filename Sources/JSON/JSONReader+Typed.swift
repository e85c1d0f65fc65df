/// What generated decoders call. Values are read where `null` has been dealt with (`beginField`).
extension JSONReader {
    /// Enters an object decoded as the struct `name`; `goType` is what a type error calls it (`v1.ImageStreamSpec`).
    public mutating func enterStruct(_ name: StaticString, goType: StaticString) throws(JSONError) {
        guard peek() == UInt8(ascii: "{") else { throw mismatch("\(goType)") }
        try open()
        outerFrames.append(frame)
        frame = JSONFrame(structName: name)
    }

    /// The next key of the struct entered last; false when it is complete and left.
    public mutating func nextField() throws(JSONError) -> Bool {
        if try nextMember() { return true }
        if let outer = outerFrames.popLast() { frame = outer }
        return false
    }

    /// Bytes in the key last read.
    public var keyLength: Int {
        if let unescapedKey { return unescapedKey.utf8.count }
        return key.count
    }

    /// Whether the key last read is `name`; lengths are known to be equal.
    public func keyMatches(_ name: StaticString) -> Bool {
        if let unescapedKey { return unescapedKey.utf8.elementsEqual("\(name)".utf8) }
        let start = UnsafeRawPointer(base + key.start)
        let expected = UnsafeRawPointer(name.utf8Start)
        let count = key.count
        var index = 0
        while index &+ 8 <= count {
            if start.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                != expected.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            {
                return false
            }
            index &+= 8
        }
        while index < count {
            if start.load(fromByteOffset: index, as: UInt8.self)
                != expected.load(fromByteOffset: index, as: UInt8.self)
            {
                return false
            }
            index &+= 1
        }
        return true
    }

    /// Starts the value of field number `bit` of the struct: reports a duplicate, and answers whether there is a
    /// value to be read (`null` is consumed here and means absent).
    public mutating func beginField(_ name: StaticString, _ bit: Int, _ seen: inout UInt64) throws(JSONError) -> Bool {
        let mask = UInt64(1) << UInt64(bit)
        if seen & mask != 0 { report(.duplicateField, member: "\(name)") }
        seen |= mask
        frame.field = name
        frame.index = -1
        frame.mapKey.start = -1
        return try !readNull()
    }

    /// Reports the key last read as unknown and consumes its value.
    public mutating func skipUnknownField() throws(JSONError) {
        report(.unknownField, member: keyString)
        try skipValue()
    }

    // MARK: Scalars

    public mutating func readString(goType: StaticString = "string") throws(JSONError) -> String {
        guard peek() == UInt8(ascii: "\"") else { throw mismatch("\(goType)") }
        return string(try scanString())
    }

    public mutating func readBool(goType: StaticString = "bool") throws(JSONError) -> Bool {
        switch peek() {
        case UInt8(ascii: "t"):
            try literal("true")
            return true
        case UInt8(ascii: "f"):
            try literal("false")
            return false
        default: throw mismatch("\(goType)")
        }
    }

    public mutating func readInt64(goType: StaticString = "int64") throws(JSONError) -> Int64 {
        let byte = peek()
        guard byte == UInt8(ascii: "-") || byte &- UInt8(ascii: "0") <= 9 else { throw mismatch("\(goType)") }
        let token = try scanNumber()
        guard let value = integer(token) else { throw typeError("number \(string(at: token))", "\(goType)") }
        return value
    }

    public mutating func readInt32(goType: StaticString = "int32") throws(JSONError) -> Int32 {
        let byte = peek()
        guard byte == UInt8(ascii: "-") || byte &- UInt8(ascii: "0") <= 9 else { throw mismatch("\(goType)") }
        let token = try scanNumber()
        guard let value = integer(token), let narrow = Int32(exactly: value) else {
            throw typeError("number \(string(at: token))", "\(goType)")
        }
        return narrow
    }

    public mutating func readDouble(goType: StaticString = "float64") throws(JSONError) -> Double {
        let byte = peek()
        guard byte == UInt8(ascii: "-") || byte &- UInt8(ascii: "0") <= 9 else { throw mismatch("\(goType)") }
        let token = try scanNumber()
        guard let value = double(token) else { throw typeError("number \(string(at: token))", "\(goType)") }
        return value
    }

    /// Standard base64 in a string.
    public mutating func readBytes() throws(JSONError) -> [UInt8] {
        guard peek() == UInt8(ascii: "\"") else { throw mismatch("[]uint8") }
        let token = try scanString()
        let decoded: Base64.Outcome
        if token.escaped {
            decoded = Base64.decode(Array(unescaped(token).utf8))
        } else {
            decoded = Base64.decode(UnsafeBufferPointer(start: base + token.start, count: token.count))
        }
        switch decoded {
        case .bytes(let bytes): return bytes
        case .illegal(let offset): throw error(.value, "illegal base64 data at input byte \(offset)")
        }
    }

    /// Consumes any value and gives its bytes, compacted.
    public mutating func readRaw() throws(JSONError) -> [UInt8] {
        _ = peek()
        let start = position
        try skipValue()
        var out: [UInt8] = []
        JSONText.compact(UnsafeBufferPointer(start: base + start, count: position - start), into: &out)
        return out
    }

    /// An error about the value read last, such as a malformed time.
    public func invalidValue(_ message: String) -> JSONError { error(.value, message) }

    /// A scalar that has its own decoder in Go (`metav1.Time`): its type errors do not name the field.
    public mutating func readDetachedString() throws(JSONError) -> String {
        guard peek() == UInt8(ascii: "\"") else {
            frame.isStruct = false
            throw mismatch("string")
        }
        return string(try scanString())
    }
}
