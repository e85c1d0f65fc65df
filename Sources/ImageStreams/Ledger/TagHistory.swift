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
    public func tag(_ name: String) -> NamedTagEventList? { tags.ordered(name, by: \.tag).found.map { tags[$0] } }

    /// The newest event of one tag.
    func head(of name: String) -> TagEvent? { tag(name)?.items.first }

    /// Changes the entry of a tag, which is made where there is none, at its place in the order of names.
    mutating func withTag<Result>(_ name: String, _ change: (inout NamedTagEventList) -> Result) -> Result {
        let (found, place) = tags.ordered(name, by: \.tag)
        if let found { return change(&tags[found]) }
        var entry = NamedTagEventList()
        entry.tag = name
        let result = change(&entry)
        tags.insert(entry, at: place)
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
    func tag(_ name: String) -> TagReference? { tags.ordered(name, by: \.name).found.map { tags[$0] } }

    /// Changes a spec tag, which is made where there is none, at its place in the order of names.
    mutating func withTag<Result>(_ name: String, _ change: (inout TagReference) -> Result) -> Result {
        let (found, place) = tags.ordered(name, by: \.name)
        if let found { return change(&tags[found]) }
        var entry = TagReference()
        entry.name = name
        let result = change(&entry)
        tags.insert(entry, at: place)
        return result
    }
}

extension Array {
    /// Looks for an element of a list that is in the order of its names' bytes, as the tags of a stream are
    /// (spec/image-resources.md 5).
    ///
    /// - Returns: where it is, and where it would have to be.
    func ordered(_ name: String, by key: (Element) -> String) -> (found: Int?, place: Int) {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if Exactly.precedes(key(self[middle]), name) { low = middle + 1 } else { high = middle }
        }
        let isThere = low < count && Exactly.equal(key(self[low]), name)
        return (isThere ? low : nil, low)
    }
}
