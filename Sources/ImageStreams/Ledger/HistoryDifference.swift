import ImageAPI
import JSON

/// The entries in which two `status.tags` differ. A write changes one or two of the perhaps many tags of a stream: those
/// before and behind them, which are the same, are compared and no more.
struct HistoryDifference {
    let old: ArraySlice<NamedTagEventList>
    let new: ArraySlice<NamedTagEventList>
    /// What both have at their ends.
    private let common: [ArraySlice<NamedTagEventList>]

    init(_ old: [NamedTagEventList], _ new: [NamedTagEventList]) {
        let shorter = min(old.count, new.count)
        var start = 0
        while start < shorter, old[start] == new[start] { start += 1 }
        var end = 0
        while end < shorter - start, old[old.count - 1 - end] == new[new.count - 1 - end] { end += 1 }
        self.old = old[start..<(old.count - end)]
        self.new = new[start..<(new.count - end)]
        common = [old[..<start], old[(old.count - end)...]]
    }

    init(_ old: ImageStream?, _ new: ImageStream?) {
        self.init(old?.status.tags ?? [], new?.status.tags ?? [])
    }

    /// The images that only one of the two refers to.
    func images() -> (removed: Set<ExactString>, added: Set<ExactString>) {
        var removed = Self.images(of: old)
        var added = Self.images(of: new)
        let both = removed.intersection(added)
        removed.subtract(both)
        added.subtract(both)
        if removed.isEmpty && added.isEmpty { return (removed, added) }
        for entry in common.joined() {
            for event in entry.items {
                let image = ExactString(event.image)
                removed.remove(image)
                added.remove(image)
            }
        }
        return (removed, added)
    }

    private static func images(of entries: ArraySlice<NamedTagEventList>) -> Set<ExactString> {
        var images = Set<ExactString>()
        for entry in entries {
            for event in entry.items where !event.image.isEmpty { images.insert(ExactString(event.image)) }
        }
        return images
    }
}
