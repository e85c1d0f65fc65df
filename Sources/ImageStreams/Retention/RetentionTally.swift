import ImageAPI
import JSON

/// Counts what is removed, each layer and each image once. Pure.
struct RetentionTally: Sendable {
    private(set) var result = RetentionResult()
    /// Of the stream that is counted.
    private var layers = Set<String>()
    private var images = Set<String>()

    /// Begins with a stream that loses something.
    mutating func beginStream() {
        layers = []
        images = []
        result.streams += 1
    }

    /// Counts removals from a stream as one of the tally.
    ///
    /// - Parameters:
    ///   - all: the whole decision, of which `removals` are a part.
    ///   - facts: of the decision.
    /// - Returns: the bytes of each removal: of layers that nothing has that stays in the stream, for images that no
    ///   other stream refers to.
    mutating func count(
        _ removals: [RetentionDecision.Removal], of all: [RetentionDecision.Removal], in stream: ImageStream,
        _ facts: RetentionFacts
    ) -> [Int64] {
        var tags = Set<ExactString>()
        for removal in removals where removal.wholeTag { tags.insert(ExactString(removal.tag)) }
        result.tags += Int64(tags.count)
        result.revisions += Int64(removals.count)

        let gone = Set(all.map { Place(tag: ExactString($0.tag), index: $0.index) })
        var staying = Set<String>()
        for entry in stream.status.tags {
            for (index, event) in entry.items.enumerated()
            where !gone.contains(Place(tag: ExactString(entry.tag), index: index)) { staying.insert(event.image) }
        }
        let keptImages = facts.closure(of: staying)
        var keptLayers = Set<String>()
        for image in keptImages { keptLayers.formUnion(facts.records[image]?.layers.map(\.name) ?? []) }
        return removals.map { removal in
            let image = removal.event.image
            guard !image.isEmpty, !keptImages.contains(image), !facts.sharedImages.contains(image),
                images.insert(image).inserted
            else { return 0 }
            result.images += 1
            var bytes: Int64 = 0
            for name in facts.closure(of: image) where !keptImages.contains(name) {
                for layer in facts.records[name]?.layers ?? []
                where !keptLayers.contains(layer.name) && layers.insert(layer.name).inserted {
                    bytes = bytes.addingClamped(max(0, layer.size))
                }
            }
            result.bytes = result.bytes.addingClamped(bytes)
            return bytes
        }
    }

    private struct Place: Hashable {
        var tag: ExactString
        var index: Int
    }
}

extension Int64 {
    /// Sizes come from manifests, which may say anything.
    func addingClamped(_ other: Int64) -> Int64 {
        let (sum, isTooLarge) = addingReportingOverflow(other)
        return isTooLarge ? .max : sum
    }
}
