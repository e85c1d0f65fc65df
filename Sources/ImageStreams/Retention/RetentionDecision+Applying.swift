import ImageAPI
import JSON

extension RetentionDecision {
    /// The first removals of a decision, applied to the stream it was made of.
    struct Step: Sendable {
        var stream: ImageStream
        var removals: [Removal]
        /// Whole tags are among them, which changes the spec also.
        var changesSpec: Bool
    }

    /// - Parameter limit: about so many images at a time; a tag always goes as a whole.
    /// - Returns: nil where there is nothing to remove.
    func step(of stream: ImageStream, limit: Int) -> Step? {
        guard !removals.isEmpty else { return nil }
        var taken: [Removal] = []
        for removal in removals {
            if taken.count >= limit,
                taken.last.map({ !Exactly.equal($0.tag, removal.tag) || !removal.wholeTag }) ?? false
            {
                break
            }
            taken.append(removal)
        }
        var new = stream
        let tags = Set(taken.lazy.filter(\.wholeTag).map { ExactString($0.tag) })
        if !tags.isEmpty {
            new.spec.tags.removeAll { tags.contains(ExactString($0.name)) }
            new.status.tags.removeAll { tags.contains(ExactString($0.tag)) }
        }
        let revisions = Dictionary(grouping: taken.filter { !$0.wholeTag }) { ExactString($0.tag) }
        for (tag, gone) in revisions {
            guard let place = new.status.tags.ordered(tag.text, by: \.tag).found else { continue }
            for index in gone.map(\.index).sorted(by: >) { new.status.tags[place].items.remove(at: index) }
        }
        return Step(stream: new, removals: taken, changesSpec: new.spec.tags.count != stream.spec.tags.count)
    }
}
