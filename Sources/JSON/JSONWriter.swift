/// Writes compact JSON exactly as Go's encoding/json does, HTML escaping included.
///
/// Commas are the writer's business: `key`, `element` and the brackets place them. The buffer is the writer's own
/// until `finish` hands it out; that keeps each small write to a bounds check and a copy.
public struct JSONWriter: ~Copyable {
    var base: UnsafeMutablePointer<UInt8>
    var capacity: Int
    /// Bytes written so far.
    public internal(set) var count = 0
    /// Whether a value precedes in the open container.
    var needsComma = false

    public init(capacity: Int = 4096) {
        self.capacity = max(capacity, 64)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    /// What was written.
    public consuming func finish() -> [UInt8] { Array(UnsafeBufferPointer(start: base, count: count)) }

    /// Makes room for `more` bytes at the end.
    @inline(__always)
    mutating func reserve(_ more: Int) {
        if count &+ more > capacity { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        let larger = max(capacity * 2, count + more)
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        moved.update(from: base, count: count)
        base.deallocate()
        base = moved
        capacity = larger
    }

    @inline(__always)
    mutating func put(_ byte: UInt8) {
        reserve(1)
        base[count] = byte
        count &+= 1
    }

    @inline(__always)
    mutating func put(_ bytes: UnsafePointer<UInt8>, _ length: Int) {
        reserve(length)
        (base + count).update(from: bytes, count: length)
        count &+= length
    }

    // MARK: Structure

    public mutating func beginObject() {
        put(UInt8(ascii: "{"))
        needsComma = false
    }

    public mutating func endObject() {
        put(UInt8(ascii: "}"))
        needsComma = true
    }

    public mutating func beginArray() {
        put(UInt8(ascii: "["))
        needsComma = false
    }

    public mutating func endArray() {
        put(UInt8(ascii: "]"))
        needsComma = true
    }

    /// Precedes each element of an array.
    public mutating func element() {
        if needsComma { put(UInt8(ascii: ",")) }
        needsComma = true
    }

    /// A key that needs no escaping, followed by its colon.
    public mutating func key(_ name: StaticString) {
        let length = name.utf8CodeUnitCount
        reserve(length &+ 4)
        if needsComma { put(UInt8(ascii: ",")) }
        put(UInt8(ascii: "\""))
        put(name.utf8Start, length)
        put(UInt8(ascii: "\""))
        put(UInt8(ascii: ":"))
        needsComma = true
    }

    /// Any key, followed by its colon.
    public mutating func key(_ name: String) {
        if needsComma { put(UInt8(ascii: ",")) }
        write(name)
        put(UInt8(ascii: ":"))
    }

    // MARK: Scalars

    public mutating func writeNull() {
        reserve(4)
        put(UInt8(ascii: "n"))
        put(UInt8(ascii: "u"))
        put(UInt8(ascii: "l"))
        put(UInt8(ascii: "l"))
        needsComma = true
    }

    public mutating func write(_ value: Bool) {
        let text: StaticString = value ? "true" : "false"
        put(text.utf8Start, text.utf8CodeUnitCount)
        needsComma = true
    }

    public mutating func write(_ value: Int64) {
        reserve(20)
        var magnitude = value.magnitude
        if value < 0 { put(UInt8(ascii: "-")) }
        var digits = 1
        var bound: UInt64 = 10
        while digits < 19, magnitude >= bound {
            digits += 1
            bound &*= 10
        }
        var position = count + digits
        count = position
        repeat {
            position -= 1
            base[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: magnitude % 10)
            magnitude /= 10
        } while magnitude > 0
        needsComma = true
    }

    /// Bytes as a base64 string.
    public mutating func write(base64 bytes: [UInt8]) {
        put(UInt8(ascii: "\""))
        let text = Base64.encode(bytes)
        text.withUnsafeBufferPointer { buffer in
            if let start = buffer.baseAddress { put(start, buffer.count) }
        }
        put(UInt8(ascii: "\""))
        needsComma = true
    }

    /// A value that is already compact JSON.
    public mutating func write(raw bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBufferPointer { buffer in
            if let start = buffer.baseAddress { put(start, buffer.count) }
        }
        needsComma = true
    }

    public mutating func write(raw bytes: [UInt8]) { write(raw: bytes[...]) }
}
