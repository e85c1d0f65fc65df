/// Keys in bytewise order with a value each.
///
/// Sorted arrays of at most ``chunkLimit`` keys: an insert moves a few KiB however many keys there are, a lookup is
/// two binary searches, and a copy of the whole map is a snapshot that costs one retain; the next change after it
/// copies only the list of chunks and one chunk.
struct OrderedMap<Value> {
    fileprivate struct Chunk {
        var keys: [String]
        var values: [Value]
    }

    /// A place in the map, valid until the next change.
    private struct Position {
        var chunk: Int
        var offset: Int
    }

    private static var chunkLimit: Int { 256 }

    private var chunks: [Chunk] = []
    /// The first key of each chunk.
    private var firsts: [String] = []
    private(set) var count = 0

    init() {}

    subscript(key: String) -> Value? {
        guard let position = find(key) else { return nil }
        return chunks[position.chunk].values[position.offset]
    }

    /// - Returns: the value replaced, if any.
    @discardableResult
    mutating func set(_ key: String, _ value: Value) -> Value? {
        var key = key
        key.makeContiguousUTF8()
        guard !chunks.isEmpty else {
            chunks.append(Chunk(keys: [key], values: [value]))
            firsts.append(key)
            count = 1
            return nil
        }
        let index = chunk(for: key)
        let offset = SortedKeys.lowerBound(chunks[index].keys, key)
        if offset < chunks[index].keys.count, KeyOrder.equal(chunks[index].keys[offset], key) {
            let old = chunks[index].values[offset]
            chunks[index].values[offset] = value
            return old
        }
        chunks[index].keys.insert(key, at: offset)
        chunks[index].values.insert(value, at: offset)
        if offset == 0 { firsts[index] = key }
        count += 1
        if chunks[index].keys.count > Self.chunkLimit { split(index) }
        return nil
    }

    /// - Returns: the value removed, if the key was there.
    @discardableResult
    mutating func remove(_ key: String) -> Value? {
        guard let position = find(key) else { return nil }
        chunks[position.chunk].keys.remove(at: position.offset)
        let old = chunks[position.chunk].values.remove(at: position.offset)
        count -= 1
        mergeIfSmall(position.chunk)
        return old
    }

    /// The number of keys in a range.
    func count(in range: KeyRange) -> Int {
        let (start, end) = bounds(of: range)
        return distance(start, end)
    }

    /// The first values of a range in order; `limit` 0 or less = all.
    func values(in range: KeyRange, limit: Int) -> [Value] {
        let (start, end) = bounds(of: range)
        var wanted = distance(start, end)
        if limit > 0 { wanted = min(limit, wanted) }
        var result: [Value] = []
        result.reserveCapacity(wanted)
        var position = start
        while wanted > 0 {
            let taken = min(wanted, chunks[position.chunk].values.count - position.offset)
            result.append(contentsOf: chunks[position.chunk].values[position.offset..<position.offset + taken])
            wanted -= taken
            position = Position(chunk: position.chunk + 1, offset: 0)
        }
        return result
    }

    // MARK: Search

    /// The places of the first key of a range and of the first one behind it.
    private func bounds(of range: KeyRange) -> (start: Position, end: Position) {
        (lowerBound(range.start), range.end.map(lowerBound) ?? Position(chunk: chunks.count, offset: 0))
    }

    /// The number of keys from one place to another; 0 when they are in the wrong order.
    private func distance(_ start: Position, _ end: Position) -> Int {
        guard start.chunk < end.chunk else {
            return start.chunk == end.chunk ? max(0, end.offset - start.offset) : 0
        }
        return (start.chunk..<end.chunk).reduce(end.offset - start.offset) { $0 + chunks[$1].keys.count }
    }

    private func lowerBound(_ key: String) -> Position {
        guard !chunks.isEmpty else { return Position(chunk: 0, offset: 0) }
        let index = chunk(for: key)
        return Position(chunk: index, offset: SortedKeys.lowerBound(chunks[index].keys, key))
    }

    private func find(_ key: String) -> Position? {
        guard !chunks.isEmpty else { return nil }
        let position = lowerBound(key)
        let keys = chunks[position.chunk].keys
        guard position.offset < keys.count, KeyOrder.equal(keys[position.offset], key) else { return nil }
        return position
    }

    /// The last chunk whose first key does not follow `key`; the first one if there is none. The map is not empty.
    private func chunk(for key: String) -> Int {
        SortedKeys.lastNotAfter(firsts, key)
    }

    // MARK: Shape

    private mutating func split(_ index: Int) {
        // Keys often arrive in order: a full last chunk is left almost full then.
        let isLast = index == chunks.count - 1
        let at = isLast ? chunks[index].keys.count - Self.chunkLimit / 8 : chunks[index].keys.count / 2
        let rest = Chunk(keys: Array(chunks[index].keys[at...]), values: Array(chunks[index].values[at...]))
        chunks[index].keys.removeSubrange(at...)
        chunks[index].values.removeSubrange(at...)
        firsts.insert(rest.keys[0], at: index + 1)
        chunks.insert(rest, at: index + 1)
    }

    private mutating func mergeIfSmall(_ index: Int) {
        if chunks[index].keys.isEmpty {
            chunks.remove(at: index)
            firsts.remove(at: index)
            return
        }
        firsts[index] = chunks[index].keys[0]
        let next = index + 1
        guard next < chunks.count else { return }
        guard chunks[index].keys.count + chunks[next].keys.count <= Self.chunkLimit / 2 else { return }
        let rest = chunks.remove(at: next)
        firsts.remove(at: next)
        chunks[index].keys.append(contentsOf: rest.keys)
        chunks[index].values.append(contentsOf: rest.values)
    }
}

extension OrderedMap: Sendable where Value: Sendable {}
extension OrderedMap.Chunk: Sendable where Value: Sendable {}
