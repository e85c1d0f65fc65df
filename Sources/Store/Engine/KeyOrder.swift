#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The order and identity of keys: their UTF-8 bytes, never Unicode equivalence.
public enum KeyOrder {
    /// Negative, zero or positive, as `memcmp` and then the length say.
    @inlinable
    public static func compare(_ lhs: String, _ rhs: String) -> Int {
        let fast = lhs.utf8.withContiguousStorageIfAvailable { left in
            rhs.utf8.withContiguousStorageIfAvailable { right in compare(left, right) }
        }
        if let fast, let fast { return fast }
        return Array(lhs.utf8).withUnsafeBufferPointer { left in
            Array(rhs.utf8).withUnsafeBufferPointer { right in compare(left, right) }
        }
    }

    @inlinable
    public static func precedes(_ lhs: String, _ rhs: String) -> Bool {
        compare(lhs, rhs) < 0
    }

    @inlinable
    public static func equal(_ lhs: String, _ rhs: String) -> Bool {
        lhs.utf8.count == rhs.utf8.count && compare(lhs, rhs) == 0
    }

    /// Whether `key` starts with the bytes of `prefix`.
    @inlinable
    public static func hasPrefix(_ key: String, _ prefix: String) -> Bool {
        key.utf8.count >= prefix.utf8.count && key.utf8.starts(with: prefix.utf8)
    }

    @usableFromInline
    static func compare(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int {
        let shared = min(left.count, right.count)
        if shared > 0, let a = left.baseAddress, let b = right.baseAddress {
            let order = memcmp(a, b, shared)
            if order != 0 { return Int(order) }
        }
        return left.count - right.count
    }
}

/// A key as a dictionary key: equal when the bytes are.
public struct StoreKey: Hashable, Comparable, Sendable {
    public let string: String

    @inlinable
    public init(_ string: String) { self.string = string }

    @inlinable
    public static func == (lhs: StoreKey, rhs: StoreKey) -> Bool { KeyOrder.equal(lhs.string, rhs.string) }

    @inlinable
    public static func < (lhs: StoreKey, rhs: StoreKey) -> Bool { KeyOrder.precedes(lhs.string, rhs.string) }

    public func hash(into hasher: inout Hasher) {
        let hashed: Void? = string.utf8.withContiguousStorageIfAvailable {
            hasher.combine(bytes: UnsafeRawBufferPointer($0))
        }
        if hashed == nil {
            Array(string.utf8).withUnsafeBytes { hasher.combine(bytes: $0) }
        }
    }
}
