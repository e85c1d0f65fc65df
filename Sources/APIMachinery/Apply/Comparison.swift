import JSON

/// What differs between two documents of a type, as paths (spec/api-machinery.md 6.11).
///
/// Elements of sets and keyed lists are matched by what identifies them: their order makes no difference.
struct Comparison: Sendable, Equatable {
    var added = FieldSet()
    var modified = FieldSet()
    var removed = FieldSet()

    var isSame: Bool { added.isEmpty && modified.isEmpty && removed.isEmpty }

    /// What the new document has that the old one had not.
    var changed: FieldSet { modified.union(added) }
    var touched: FieldSet { changed.union(removed) }

    /// Compares objects of a type; members it does not declare are passed over.
    init(old: JSONValue, new: JSONValue, type: ApplyType) {
        var findings = Findings()
        _ = findings.compare(old, new, type)
        self.init(findings)
    }

    /// Compares objects by what the encoder of their type wrote.
    ///
    /// - Throws: `JSONError` where a text is no JSON.
    init(old: [UInt8], new: [UInt8], type: ApplyType) throws(JSONError) {
        if old == new {
            self.init(Findings())
        } else {
            let difference = try DocumentDifference(old: old, new: new)
            self.init(old: difference.old, new: difference.new, type: type)
        }
    }

    private init(_ findings: Findings) {
        added = FieldSet(nodesWithContent: findings.added)
        modified = FieldSet(nodesWithContent: findings.modified)
        removed = FieldSet(nodesWithContent: findings.removed)
    }

    /// What happened to one path.
    private enum Change {
        case none, added, modified, removed
    }

    /// The differences below one path. Nothing is allocated where nothing differs.
    private struct Findings {
        var added: [FieldSet.Node] = []
        var modified: [FieldSet.Node] = []
        var removed: [FieldSet.Node] = []

        /// Compares two values of which at least one is there, noting what differs inside.
        /// - Returns: what is to be said of the value itself.
        mutating func compare(_ old: JSONValue?, _ new: JSONValue?, _ type: ApplyType) -> Change {
            switch type.form {
            case .record, .map:
                let before = old?.objectValue
                let after = new?.objectValue
                if before?.isEmpty ?? true, after?.isEmpty ?? true { return leaf(old, new) }
                if let before, let after, before.sharesStorage(with: after) { return .none }
                compareMembers(before ?? JSONObject(), after ?? JSONObject(), type)
            case .set, .keyed:
                let before = old?.arrayValue
                let after = new?.arrayValue
                if before?.isEmpty ?? true, after?.isEmpty ?? true { return leaf(old, new) }
                if let before, let after, before.sharesStorage(with: after) { return .none }
                compareElements(before ?? JSONArray([]), after ?? JSONArray([]), type)
            default: return leaf(old, new)
            }
            return old == nil ? .added : new == nil ? .removed : .none
        }

        private func leaf(_ old: JSONValue?, _ new: JSONValue?) -> Change {
            guard let old else { return .added }
            guard let new else { return .removed }
            return Self.equal(old, new) ? .none : .modified
        }

        /// The common scalars without the work that deep values need.
        private static func equal(_ left: JSONValue, _ right: JSONValue) -> Bool {
            switch (left, right) {
            case (.string(let left), .string(let right)): Exactly.equal(left, right)
            case (.integer(let left), .integer(let right)): left == right
            case (.integer, .double), (.double, .integer): left.doubleValue == right.doubleValue
            default: left == right
            }
        }

        private mutating func compareMembers(_ old: JSONObject, _ new: JSONObject, _ type: ApplyType) {
            var hint = 0
            var counterparts = old.makeIterator()
            var matched = 0
            for (key, value) in new {
                // Documents of a type have their members in the same order: mostly no look-up is needed.
                let before: JSONValue?
                if let next = counterparts.next(), Exactly.equal(next.key, key) {
                    before = next.value
                } else {
                    before = old[key]
                }
                if before != nil { matched += 1 }
                guard let member = type.member(key, from: &hint) else { continue }
                descend(.field(key), before, value, member)
            }
            guard matched < old.count else { return }
            for (key, value) in old where new[key] == nil {
                guard let member = type.member(key, from: &hint) else { continue }
                descend(.field(key), value, nil, member)
            }
        }

        private mutating func compareElements(_ old: JSONArray, _ new: JSONArray, _ type: ApplyType) {
            guard let element = type.element else { return }
            if type.haveSameIdentities(old, new) {
                for (before, after) in zip(old, new) {
                    guard let identity = type.pathElement(of: after) else { continue }
                    descend(identity, before, after, element)
                }
                return
            }
            let before = KeyedElements(old, type)
            let after = KeyedElements(new, type)
            for (identity, elements) in after.elements {
                compare(identity, before[identity], elements, element)
            }
            for (identity, elements) in before.elements where after[identity].isEmpty {
                compare(identity, elements, [], element)
            }
        }

        /// Compares the elements of one identity; a list that was stored with duplicates has several.
        private mutating func compare(
            _ identity: PathElement, _ old: [JSONValue], _ new: [JSONValue], _ type: ApplyType
        ) {
            if old.count <= 1 && new.count <= 1 { return descend(identity, old.first, new.first, type) }
            if old == new { return }
            note(identity, old.isEmpty ? .added : new.isEmpty ? .removed : .modified, Findings())
        }

        private mutating func descend(
            _ element: @autoclosure () -> PathElement, _ old: JSONValue?, _ new: JSONValue?, _ type: ApplyType
        ) {
            var inner = Findings()
            let change = inner.compare(old, new, type)
            if change == .none && inner.isEmpty { return }
            note(element(), change, inner)
        }

        private var isEmpty: Bool { added.isEmpty && modified.isEmpty && removed.isEmpty }

        private mutating func note(_ element: PathElement, _ change: Change, _ inner: Findings) {
            if change == .added || !inner.added.isEmpty {
                added.append(Self.node(element, change == .added, inner.added))
            }
            if change == .modified || !inner.modified.isEmpty {
                modified.append(Self.node(element, change == .modified, inner.modified))
            }
            if change == .removed || !inner.removed.isEmpty {
                removed.append(Self.node(element, change == .removed, inner.removed))
            }
        }

        private static func node(
            _ element: PathElement, _ isMember: Bool, _ children: [FieldSet.Node]
        ) -> FieldSet.Node {
            FieldSet.Node(
                element: element, isMember: isMember, children: FieldSet(nodesWithContent: children))
        }
    }
}

/// The elements of a set or keyed list by their identity, in the order of the list.
struct KeyedElements {
    private(set) var elements: [(identity: PathElement, values: [JSONValue])] = []
    private var positions: [PathElement: Int] = [:]

    init(_ list: JSONArray, _ type: ApplyType) {
        elements.reserveCapacity(list.count)
        positions.reserveCapacity(list.count)
        for value in list {
            guard let identity = type.pathElement(of: value) else { continue }
            if let position = positions[identity] {
                elements[position].values.append(value)
            } else {
                positions[identity] = elements.count
                elements.append((identity, [value]))
            }
        }
    }

    /// The elements with an identity; several where the list has duplicates.
    subscript(identity: PathElement) -> [JSONValue] { positions[identity].map { elements[$0].values } ?? [] }

    func contains(_ identity: PathElement) -> Bool { positions[identity] != nil }
}
