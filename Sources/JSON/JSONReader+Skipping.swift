extension JSONReader {
    /// Consumes any value, having checked its syntax.
    public mutating func skipValue() throws(JSONError) {
        // Kind of each open container; the first level costs no allocation.
        var open: [Bool] = []
        while true {
            var complete = true
            switch peek() {
            case UInt8(ascii: "{"):
                try self.open()
                open.append(true)
                complete = false
            case UInt8(ascii: "["):
                try self.open()
                open.append(false)
                complete = false
            default: try skipScalar()
            }
            // Go to the next value: a member, an element, or what follows the containers closed here.
            while let isObject = open.last {
                let more = isObject ? try nextMember() : try nextElement()
                if more {
                    complete = false
                    break
                }
                open.removeLast()
                complete = true
            }
            if complete { return }
        }
    }

    mutating func skipScalar() throws(JSONError) {
        let byte = peek()
        switch byte {
        case UInt8(ascii: "\""): _ = try scanString()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): _ = try scanNumber()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        default: throw unexpected("looking for beginning of value")
        }
    }

    /// Go's decoder checks the whole text before it looks at types: a syntax error anywhere wins over a type error.
    func syntaxError() -> JSONError? {
        do throws(JSONError) {
            var fresh = try JSONReader(UnsafeBufferPointer(start: base, count: end), limits: limits)
            try fresh.skipValue()
            try fresh.finish()
            return nil
        } catch {
            return error
        }
    }
}
