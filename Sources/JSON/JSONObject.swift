/// The members of a JSON object in their order; keys are unique.
///
/// Setting an existing key keeps its place, setting nil removes it. Look-up is linear for a few members and by hash
/// beyond that; neither adding nor removing hundreds of thousands of keys is quadratic.
public struct JSONObject: Sendable {
    public typealias Element = (key: String, value: JSONValue)

    /// A removed member leaves its slot behind (`key` nil) until half of the slots are empty.
    struct Slot {
        var key: String?
        var value: JSONValue
    }

    final class Storage: JSONContainer, @unchecked Sendable {
        @exclusivity(unchecked)
        var slots: [Slot] = []
        @exclusivity(unchecked)
        var count = 0
        /// Slot of each key; nil while there are few members.
        @exclusivity(unchecked)
        var index: [ExactString: Int]?

        init() { super.init(height: 1) }

        init(slots: [Slot], index: [ExactString: Int]?) {
            self.slots = slots
            self.index = index
            count = slots.count
            var below = 0
            for slot in slots { below = Swift.max(below, slot.value.height) }
            super.init(height: below + 1)
        }

        init(copying other: Storage) {
            slots = other.slots
            count = other.count
            index = other.index
            super.init(height: other.height)
        }

        override func surrenderContainers(to list: inout [JSONContainer]) {
            for slot in slots {
                if let container = slot.value.container { list.append(container) }
            }
            slots = []
        }

        deinit {
            if height > Self.shallow { releaseDeep() }
        }
    }

    static let linearLimit = 12

    var storage: Storage

    public init() { storage = Storage() }

    /// Later duplicates win and keep the place of the first.
    public init(_ members: some Sequence<Element>) {
        self.init()
        for (key, value) in members { updateValue(value, forKey: key) }
    }

    public init(members: [(String, JSONValue)]) {
        self.init()
        for (key, value) in members { updateValue(value, forKey: key) }
    }

    /// Takes over distinct keys without gaps; `index` may be nil for few.
    init(slots: [Slot], index: [ExactString: Int]?) { storage = Storage(slots: slots, index: index) }

    public var count: Int { storage.count }
    public var isEmpty: Bool { storage.count == 0 }
    public var keys: [String] { storage.slots.compactMap(\.key) }
    public var values: [JSONValue] { map(\.value) }

    public subscript(key: String) -> JSONValue? {
        get { position(of: key).map { storage.slots[$0].value } }
        set {
            if let newValue { updateValue(newValue, forKey: key) } else { removeValue(forKey: key) }
        }
        _modify {
            // The value leaves its slot while it is changed, so that a change deep inside happens in place.
            var value: JSONValue?
            if let position = position(of: key) {
                makeUnique()
                value = storage.slots[position].value
                storage.slots[position].value = .null
            }
            defer {
                if let value { updateValue(value, forKey: key) } else { removeValue(forKey: key) }
            }
            yield &value
        }
    }

    /// The value of `key`, or `fallback` if there is none.
    public subscript(key: String, default fallback: @autoclosure () -> JSONValue) -> JSONValue {
        get { self[key] ?? fallback() }
        set { self[key] = newValue }
    }

    /// The replaced value, if the key was present.
    @discardableResult
    public mutating func updateValue(_ value: JSONValue, forKey key: String) -> JSONValue? {
        makeUnique()
        storage.height = Swift.max(storage.height, value.height + 1)
        if let position = position(of: key) {
            let old = storage.slots[position].value
            storage.slots[position].value = value
            return old
        }
        storage.slots.append(Slot(key: key, value: value))
        storage.count += 1
        if storage.index != nil {
            storage.index?[ExactString(key)] = storage.slots.count - 1
        } else if storage.slots.count > Self.linearLimit {
            rebuildIndex()
        }
        return nil
    }

    @discardableResult
    public mutating func removeValue(forKey key: String) -> JSONValue? {
        guard let position = position(of: key) else { return nil }
        makeUnique()
        let old = storage.slots[position].value
        storage.count -= 1
        storage.slots[position] = Slot(key: nil, value: .null)
        storage.index?[ExactString(key)] = nil
        if storage.count * 2 < storage.slots.count { compact() }
        return old
    }

    /// Whether both are copies of each other that nothing has changed since: equal, found out without a look inside.
    public func sharesStorage(with other: JSONObject) -> Bool { storage === other.storage }

    private func position(of key: String) -> Int? {
        if let index = storage.index { return index[ExactString(key)] }
        return storage.slots.firstIndex { $0.key.map { Exactly.equal($0, key) } ?? false }
    }

    private mutating func makeUnique() {
        if !isKnownUniquelyReferenced(&storage) { storage = Storage(copying: storage) }
    }

    private func compact() {
        storage.slots.removeAll { $0.key == nil }
        rebuildIndex()
    }

    private func rebuildIndex() {
        storage.index = storage.slots.count > Self.linearLimit ? Self.index(of: storage.slots) : nil
    }

    static func index(of slots: [Slot]) -> [ExactString: Int] {
        var index: [ExactString: Int] = [:]
        index.reserveCapacity(slots.count * 2)
        for (position, slot) in slots.enumerated() {
            if let key = slot.key { index[ExactString(key)] = position }
        }
        return index
    }
}

extension JSONObject: Sequence {
    public struct Iterator: IteratorProtocol {
        var slots: [Slot]
        var position = 0

        public mutating func next() -> JSONObject.Element? {
            while position < slots.count {
                defer { position += 1 }
                if let key = slots[position].key { return (key, slots[position].value) }
            }
            return nil
        }
    }

    public func makeIterator() -> Iterator { Iterator(slots: storage.slots) }
    public var underestimatedCount: Int { storage.count }
}

extension JSONObject: Hashable {
    /// The order of members does not matter.
    public static func == (left: JSONObject, right: JSONObject) -> Bool { JSONValue.object(left) == .object(right) }
    public func hash(into hasher: inout Hasher) { JSONValue.object(self).hash(into: &hasher) }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(members: elements) }
}
