/// A strict pull parser over UTF-8 bytes: the one tokenizer below the tree parser and the generated typed decoders.
///
/// The bytes must outlive the reader; `JSONReader.withReader` sees to that. Every method throws `JSONError` at the
/// first fault with the text Go's scanner has for it. Nesting costs no stack.
public struct JSONReader: ~Copyable {
    let base: UnsafePointer<UInt8>
    let end: Int
    let limits: JSONLimits
    /// Offset of the next byte.
    public internal(set) var position = 0
    var depth = 0
    /// True between an opening bracket and what follows it.
    var atStart = false
    /// The key last read.
    var key = JSONToken()
    /// The unescaped key, if it was written with escapes.
    var unescapedKey: String?
    /// The struct being decoded; outside of any, its name is empty.
    var frame = JSONFrame(structName: "", isStruct: false)
    /// The structs around it.
    var outerFrames: [JSONFrame] = []
    /// Unknown and duplicate fields met so far, in order, each once, at most `JSONIssue.limit`.
    public internal(set) var issues: [JSONIssue] = []

    init(_ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits) throws(JSONError) {
        // An empty buffer may lack an address; nothing is ever read through this one then.
        base = bytes.baseAddress ?? UnsafePointer(bitPattern: 1).unsafelyUnwrapped
        end = bytes.count
        self.limits = limits
        guard bytes.count <= limits.bytes else {
            throw JSONError(kind: .size, message: "JSON text of \(bytes.count) bytes is longer than \(limits.bytes)")
        }
        outerFrames.reserveCapacity(8)
    }

    /// Runs `body` with a reader at the start of `bytes`.
    public static func withReader<Result>(
        _ bytes: UnsafeRawBufferPointer, limits: JSONLimits = .standard,
        _ body: (inout JSONReader) throws(JSONError) -> Result
    ) throws(JSONError) -> Result {
        var reader = try JSONReader(bytes.assumingMemoryBound(to: UInt8.self), limits: limits)
        return try body(&reader)
    }

    /// Runs `body` with a reader at the start of `bytes`.
    public static func withReader<Result>(
        _ bytes: [UInt8], limits: JSONLimits = .standard, _ body: (inout JSONReader) throws(JSONError) -> Result
    ) throws(JSONError) -> Result {
        try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) -> Result in
            var reader = try JSONReader(buffer, limits: limits)
            return try body(&reader)
        }
    }

    /// The next byte that is not white space, without consuming it; 0 at the end.
    @inline(__always)
    mutating func peek() -> UInt8 {
        while position < end {
            let byte = base[position]
            if byte > 0x20 { return byte }
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            position += 1
        }
        return 0
    }

    /// Fails unless only white space is left.
    public mutating func finish() throws(JSONError) {
        _ = peek()
        if position < end { throw unexpected("after top-level value") }
    }

    /// Consumes `null`, if that is next.
    public mutating func readNull() throws(JSONError) -> Bool {
        guard peek() == UInt8(ascii: "n") else { return false }
        try literal("null")
        return true
    }

    // MARK: Objects and arrays

    mutating func open() throws(JSONError) {
        depth += 1
        if depth > limits.depth { throw unexpected("exceeded max depth") }
        position += 1
        atStart = true
    }

    @inline(__always)
    mutating func close() {
        position += 1
        depth -= 1
        atStart = false
    }

    /// After `{`: reads the next key up to its colon, or the closing brace (false).
    mutating func nextMember() throws(JSONError) -> Bool {
        var byte = peek()
        if byte == UInt8(ascii: "}") {
            close()
            return false
        }
        if atStart {
            atStart = false
        } else {
            guard byte == UInt8(ascii: ",") else { throw unexpected("after object key:value pair") }
            position += 1
            byte = peek()
        }
        guard byte == UInt8(ascii: "\"") else { throw unexpected("looking for beginning of object key string") }
        key = try scanString()
        unescapedKey = key.escaped ? unescaped(key) : nil
        guard peek() == UInt8(ascii: ":") else { throw unexpected("after object key") }
        position += 1
        return true
    }

    /// After `[`: true if another element follows, false after consuming the closing bracket.
    mutating func nextElement() throws(JSONError) -> Bool {
        let byte = peek()
        if byte == UInt8(ascii: "]") {
            close()
            return false
        }
        if atStart {
            atStart = false
        } else {
            guard byte == UInt8(ascii: ",") else { throw unexpected("after array element") }
            position += 1
        }
        return true
    }

    /// The key last read.
    public var keyString: String { unescapedKey ?? string(key) }

    // MARK: Literals

    mutating func literal(_ text: StaticString) throws(JSONError) {
        let expected = text.utf8Start
        for index in 0..<text.utf8CodeUnitCount {
            guard position < end, base[position] == expected[index] else {
                throw unexpected(
                    "in literal \(text) (expecting \(GoText.quoted(byte: expected[index])))")
            }
            position += 1
        }
    }

    // MARK: Errors

    /// The syntax error for the byte at `position`, or for the end of the text.
    func unexpected(_ context: @autoclosure () -> String) -> JSONError {
        if position >= end { return error(.syntax, "unexpected end of JSON input") }
        return error(.syntax, "invalid character \(GoText.quoted(byte: base[position])) \(context())")
    }

    func error(_ kind: JSONError.Kind, _ message: String, at offset: Int? = nil) -> JSONError {
        let offset = min(offset ?? position, end)
        var line = 1
        var lineStart = 0
        for index in 0..<offset where base[index] == 0x0A {
            line += 1
            lineStart = index + 1
        }
        return JSONError(kind: kind, message: message, offset: offset, line: line, column: offset - lineStart + 1)
    }
}

/// Where a string or number stands in the text; strings without their quotes.
struct JSONToken {
    var start = 0
    var count = 0
    /// A string with backslashes; a number with fraction or exponent.
    var escaped = false
}
