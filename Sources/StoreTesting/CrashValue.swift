/// A value that shows whether it is whole: a checksum over the key, a counter and 0–9 KiB of filling.
public struct CrashValue: Sendable, Equatable {
    public var key: String
    public var counter: UInt64

    public init(key: String, counter: UInt64) {
        self.key = key
        self.counter = counter
    }

    public var encoded: [UInt8] {
        var body = Array("\(counter) \(key)\n".utf8)
        var filling = SeededGenerator(seed: counter)
        let size = Int(filling.next() % 9_000)
        while body.count < size { withUnsafeBytes(of: filling.next()) { body += $0 } }
        return withUnsafeBytes(of: Self.checksum(body)) { Array($0) } + body
    }

    /// - Returns: `nil` when a byte is missing or wrong.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count > 8, let end = bytes.dropFirst(8).firstIndex(of: 10) else { return nil }
        let parts = String(decoding: bytes[8..<end], as: UTF8.self).split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let counter = UInt64(parts[0]) else { return nil }
        self.init(key: String(parts[1]), counter: counter)
        guard encoded == bytes else { return nil }
    }

    /// FNV-1a.
    private static func checksum(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
