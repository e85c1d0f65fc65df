/// The elements of a JSON array: a collection like `[JSONValue]`, with copy on write, whose release does not recurse.
public struct JSONArray: Sendable {
    final class Storage: JSONContainer, @unchecked Sendable {
        @exclusivity(unchecked)
        var elements: [JSONValue]

        init(_ elements: [JSONValue]) {
            self.elements = elements
            var below = 0
            for element in elements { below = Swift.max(below, element.height) }
            super.init(height: below + 1)
        }

        func measure(_ element: JSONValue) { height = Swift.max(height, element.height + 1) }

        override func surrenderContainers(to list: inout [JSONContainer]) {
            for element in elements {
                if let container = element.container { list.append(container) }
            }
            elements = []
        }

        deinit {
            if height > Self.shallow { releaseDeep() }
        }
    }

    var storage: Storage

    public init(_ elements: [JSONValue]) { storage = Storage(elements) }

    /// The elements as a plain array.
    public var elements: [JSONValue] { storage.elements }

    /// Whether both are copies of each other that nothing has changed since: equal, found out without a look inside.
    public func sharesStorage(with other: JSONArray) -> Bool { storage === other.storage }

    private mutating func makeUnique() {
        if !isKnownUniquelyReferenced(&storage) { storage = Storage(storage.elements) }
    }
}

extension JSONArray: RandomAccessCollection, MutableCollection, RangeReplaceableCollection {
    public init() { storage = Storage([]) }

    public var startIndex: Int { 0 }
    public var endIndex: Int { storage.elements.count }

    public subscript(position: Int) -> JSONValue {
        get { storage.elements[position] }
        set {
            makeUnique()
            storage.elements[position] = newValue
            storage.measure(newValue)
        }
        _modify {
            makeUnique()
            defer { storage.measure(storage.elements[position]) }
            yield &storage.elements[position]
        }
    }

    public mutating func replaceSubrange(
        _ subrange: Range<Int>, with newElements: some Collection<JSONValue>
    ) {
        makeUnique()
        for element in newElements { storage.measure(element) }
        storage.elements.replaceSubrange(subrange, with: newElements)
    }

    public mutating func append(_ element: JSONValue) {
        makeUnique()
        storage.elements.append(element)
        storage.measure(element)
    }
}

extension JSONArray: Hashable {
    public static func == (left: JSONArray, right: JSONArray) -> Bool { JSONValue.array(left) == .array(right) }
    public func hash(into hasher: inout Hasher) { JSONValue.array(self).hash(into: &hasher) }
}

extension JSONArray: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: JSONValue...) { self.init(elements) }
}
