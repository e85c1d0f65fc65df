/// Binary search in sorted keys.
///
/// Apart from ``OrderedMap`` because it is not generic: the inner loop is compiled for strings, whatever the values are.
package enum SortedKeys {
    /// The index of the first key that does not precede `key`.
    static func lowerBound(_ keys: [String], _ key: String) -> Int {
        search(keys, from: 0, key) { $0 < 0 }
    }

    /// The index of the last key that does not follow `key`; 0 if there is none.
    package static func lastNotAfter(_ keys: [String], _ key: String) -> Int {
        max(0, search(keys, from: 1, key) { $0 <= 0 } - 1)
    }

    /// The first index whose key, compared with `key`, does not belong to the left.
    @inline(__always)
    private static func search(
        _ keys: [String], from start: Int, _ key: String, _ belongsLeft: (Int) -> Bool
    ) -> Int {
        var key = key
        return key.withUTF8 { wanted in
            keys.withUnsafeBufferPointer { keys in
                var low = min(start, keys.count)
                var high = keys.count
                while low < high {
                    let middle = (low + high) / 2
                    if belongsLeft(compare(keys[middle], wanted)) { low = middle + 1 } else { high = middle }
                }
                return low
            }
        }
    }

    @inline(__always)
    private static func compare(_ key: String, _ wanted: UnsafeBufferPointer<UInt8>) -> Int {
        let order = key.utf8.withContiguousStorageIfAvailable { KeyOrder.compare($0, wanted) }
        if let order { return order }
        return Array(key.utf8).withUnsafeBufferPointer { KeyOrder.compare($0, wanted) }
    }
}
