/// A half-open range of keys, `start ..< end`, in bytewise order of their UTF-8.
///
/// Bytewise order is *not* Swift's `String` order: keys that are canonically equivalent
/// (composed and decomposed letters) are different keys here, as they are in etcd and SQLite.
public struct KeyRange: Sendable, Hashable {
    /// The first key of the range.
    public var start: String
    /// The first key after the range; `nil` = no upper bound.
    public var end: String?

    public init(start: String, end: String?) {
        self.start = start
        self.end = end
    }

    /// Every key.
    public static let all = KeyRange(start: "", end: nil)

    /// Every key that starts with `prefix`; all keys for the empty prefix.
    public static func prefix(_ prefix: String) -> KeyRange {
        KeyRange(start: prefix, end: firstKey(afterPrefix: prefix))
    }

    /// Exactly one key.
    public static func key(_ key: String) -> KeyRange {
        KeyRange(start: key, end: key + "\u{0}")
    }

    /// The part of this range that lies after `key`: the next page of a list.
    public func after(_ key: String) -> KeyRange {
        let next = key + "\u{0}"
        return KeyRange(start: KeyOrder.precedes(start, next) ? next : start, end: end)
    }

    /// The keys of both ranges.
    public func intersection(_ other: KeyRange) -> KeyRange {
        let start = KeyOrder.precedes(start, other.start) ? other.start : start
        guard let left = end, let right = other.end else { return KeyRange(start: start, end: end ?? other.end) }
        return KeyRange(start: start, end: KeyOrder.precedes(left, right) ? left : right)
    }

    public func contains(_ key: String) -> Bool {
        if KeyOrder.precedes(key, start) { return false }
        guard let end else { return true }
        return KeyOrder.precedes(key, end)
    }

    /// UTF-8's byte order is the order of its scalars, so the first key after all keys with a prefix
    /// is the prefix with its last scalar raised by one; scalars that can't be raised are dropped.
    private static func firstKey(afterPrefix prefix: String) -> String? {
        var scalars = Array(prefix.unicodeScalars)
        while let last = scalars.popLast() {
            // 0xD7FF is followed by the surrogates, which are not scalars.
            let raised = last.value == 0xD7FF ? 0xE000 : last.value + 1
            guard let next = Unicode.Scalar(raised) else { continue }
            scalars.append(next)
            var end = String.UnicodeScalarView()
            end.append(contentsOf: scalars)
            return String(end)
        }
        return nil
    }
}
