import APIMachinery
import ImageAPI
import JSON

extension NamedTagEventList {
    /// Adds an event to the history of one tag (spec/image-resources.md 9.7).
    ///
    /// Only the newest event is looked at. One that shares the pull spec or the image with it is changed in place and
    /// keeps its time; anything else is put in front. Every change drops the conditions.
    /// - Returns: whether anything changed.
    @discardableResult
    mutating func add(_ event: TagEvent) -> Bool {
        guard let head = items.first else {
            items = [event]
            conditions = []
            return true
        }
        let sameReference = head.dockerImageReference == event.dockerImageReference
        let sameImage = head.image == event.image
        if sameReference && sameImage && head.generation == event.generation { return false }
        if sameReference || sameImage {
            items[0].dockerImageReference = event.dockerImageReference
            items[0].image = event.image
            items[0].generation = event.generation
        } else {
            items.insert(event, at: 0)
        }
        conditions = []
        return true
    }
}

extension ImageStreamStatus {
    /// The entry of one tag.
    func tag(_ name: String) -> NamedTagEventList? { tags.first { $0.tag == name } }

    /// The newest event of one tag.
    func head(of name: String) -> TagEvent? { tag(name)?.items.first }

    /// Changes the entry of a tag, which is made where there is none, at its place in the order of names.
    mutating func withTag<Result>(_ name: String, _ change: (inout NamedTagEventList) -> Result) -> Result {
        if let index = tags.firstIndex(where: { $0.tag == name }) { return change(&tags[index]) }
        var entry = NamedTagEventList()
        entry.tag = name
        let result = change(&entry)
        let index = tags.firstIndex { Exactly.precedes(name, $0.tag) } ?? tags.endIndex
        tags.insert(entry, at: index)
        return result
    }

    /// Adds an event to a tag (9.7).
    /// - Returns: whether anything changed.
    @discardableResult
    mutating func addEvent(_ event: TagEvent, to name: String) -> Bool {
        withTag(name) { $0.add(event) }
    }
}

extension ImageStreamSpec {
    func tag(_ name: String) -> TagReference? { tags.first { $0.name == name } }

    /// Changes a spec tag, which is made where there is none, at its place in the order of names.
    mutating func withTag<Result>(_ name: String, _ change: (inout TagReference) -> Result) -> Result {
        if let index = tags.firstIndex(where: { $0.name == name }) { return change(&tags[index]) }
        var entry = TagReference()
        entry.name = name
        let result = change(&entry)
        let index = tags.firstIndex { Exactly.precedes(name, $0.name) } ?? tags.endIndex
        tags.insert(entry, at: index)
        return result
    }
}
