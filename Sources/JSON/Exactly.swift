#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Equality and order of strings as JSON and Go have them: by their bytes. Swift's own `==` takes two spellings of `é`
/// for the same.
public enum Exactly {
    public static func equal(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && order(left, right) == 0
    }

    public static func precedes(_ left: String, _ right: String) -> Bool { order(left, right) < 0 }

    /// Negative, zero or positive, as `left` comes before, is the same as, or comes after `right`.
    public static func order(_ left: String, _ right: String) -> Int {
        let order = left.utf8.withContiguousStorageIfAvailable { left in
            right.utf8.withContiguousStorageIfAvailable { right in
                let common = min(left.count, right.count)
                if common > 0, let first = left.baseAddress, let second = right.baseAddress {
                    let order = memcmp(first, second, common)
                    if order != 0 { return Int(order) }
                }
                return left.count - right.count
            }
        }
        if let order, let order { return order }
        return left.utf8.elementsEqual(right.utf8) ? 0 : left.utf8.lexicographicallyPrecedes(right.utf8) ? -1 : 1
    }

    public static func equal(_ left: String?, _ right: String?) -> Bool {
        switch (left, right) {
        case (let left?, let right?): equal(left, right)
        case (nil, nil): true
        default: false
        }
    }

    public static func equal(_ left: [String], _ right: [String]) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy { equal($0, $1) }
    }

    public static func equal(_ left: [String: String], _ right: [String: String]) -> Bool {
        equal(left, right) { equal($0, $1) }
    }

    public static func equal(_ left: [String: [String]], _ right: [String: [String]]) -> Bool {
        equal(left, right) { equal($0, $1) }
    }

    /// Maps of types that compare their own strings exactly.
    public static func equal<Value: Equatable>(_ left: [String: Value], _ right: [String: Value]) -> Bool {
        equal(left, right, ==)
    }

    private static func equal<Value>(
        _ left: [String: Value], _ right: [String: Value], _ isEqual: (Value, Value) -> Bool
    ) -> Bool {
        left.count == right.count
            && left.allSatisfy { key, value in
                guard let index = right.index(forKey: key) else { return false }
                return equal(key, right[index].key) && isEqual(value, right[index].value)
            }
    }
}
