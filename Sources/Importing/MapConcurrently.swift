/// The results of `transform` for every item, in the items' order, at most `limit` at a time.
func mapConcurrently<Item: Sendable, Value: Sendable>(
    _ items: [Item], limit: Int, _ transform: @escaping @Sendable (Item) async -> Value
) async -> [Value] {
    await withTaskGroup(of: (Int, Value).self) { group in
        var results = [Value?](repeating: nil, count: items.count)
        var next = 0
        func startOne(_ group: inout TaskGroup<(Int, Value)>) {
            guard next < items.count else { return }
            let (index, item) = (next, items[next])
            next += 1
            group.addTask { (index, await transform(item)) }
        }
        for _ in 0..<min(max(1, limit), items.count) { startOne(&group) }
        while let (index, value) = await group.next() {
            results[index] = value
            startOne(&group)
        }
        return results.compactMap { $0 }
    }
}
