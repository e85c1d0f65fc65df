/// The order in which the entries of a map are written: that of the bytes of their keys.
@usableFromInline
enum SortedEntries {
    @inlinable
    static func indices<Value>(of map: [String: Value]) -> [Dictionary<String, Value>.Index] {
        guard map.count > 1, let first = map.keys.first else { return Array(map.indices) }
        // Numbers are compared instead of strings wherever that decides. What the keys begin with in common, as digests
        // do, is left out.
        var shared = first.utf8.count
        for key in map.keys { shared = sharedPrefix(first, key, atMost: shared) }
        var entries = map.indices.map { (rank: rank(of: map[$0].key, from: shared), index: $0) }
        entries.sort { left, right in
            left.rank != right.rank
                ? left.rank < right.rank : Exactly.precedes(map[left.index].key, map[right.index].key)
        }
        return entries.map(\.index)
    }

    /// The number of bytes with which both keys begin, or `limit`.
    @usableFromInline
    static func sharedPrefix(_ left: String, _ right: String, atMost limit: Int) -> Int {
        var (left, right) = (left, right)
        return left.withUTF8 { left in
            right.withUTF8 { right in
                var count = 0
                while count < min(limit, right.count), left[count] == right[count] { count += 1 }
                return count
            }
        }
    }

    /// Eight bytes of a key as a number that sorts as they do; what is missing counts as zero.
    @usableFromInline
    static func rank(of key: String, from start: Int) -> UInt64 {
        var key = key
        return key.withUTF8 { bytes in
            var rank: UInt64 = 0
            for index in start..<start + 8 { rank = rank << 8 | (index < bytes.count ? UInt64(bytes[index]) : 0) }
            return rank
        }
    }
}
