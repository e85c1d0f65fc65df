import JSON

extension ApplyType {
    /// `live` with an applied configuration merged in (spec/api-machinery.md 6.11, merge).
    ///
    /// Parts the configuration does not speak of are shared with `live`, not copied. The configuration has been checked
    /// against the type.
    func merge(_ live: JSONValue?, _ applied: JSONValue) -> JSONValue {
        switch form {
        case .record, .map:
            let base = live?.objectValue
            guard case .object(let changes) = applied, !changes.isEmpty else {
                // An empty or absent object leaves a filled one as it is.
                if let live, let base, !base.isEmpty { return live }
                return applied
            }
            guard let base else { return applied }
            return .object(mergeMembers(base, changes))
        case .set, .keyed:
            let base = live?.arrayValue
            guard case .array(let changes) = applied, !changes.isEmpty else {
                if let live, let base, !base.isEmpty { return live }
                return applied
            }
            guard let base, !base.isEmpty else { return applied }
            return .array(mergeElements(base, changes))
        default: return applied
        }
    }

    private func mergeMembers(_ live: JSONObject, _ applied: JSONObject) -> JSONObject {
        var result = live
        var hint = 0
        for (key, value) in applied {
            let old = live[key]
            guard let type = member(key, from: &hint) else {
                result[key] = value
                continue
            }
            let merged = type.merge(old, value)
            if let old, old.isIdentical(to: merged) { continue }
            result[key] = merged
        }
        return result
    }

    /// Elements only the live list has keep their place among their neighbours, common ones take the configuration's
    /// order, new ones stand where the configuration has them.
    private func mergeElements(_ live: JSONArray, _ applied: JSONArray) -> JSONArray {
        let old = KeyedElements(live, self)
        let new = KeyedElements(applied, self)
        let shared = new.elements.map(\.identity).filter(old.contains)
        var nextShared = 0
        var done: Set<PathElement> = []
        var result: [JSONValue] = []
        result.reserveCapacity(max(live.count, applied.count))

        func emit(_ index: Int) {
            let (identity, values) = new.elements[index]
            let partners = old[identity]
            let value = values[values.count - 1]
            let partner = partners.count == 1 ? partners[0] : nil
            result.append(element?.merge(partner, value) ?? value)
            done.insert(identity)
            if nextShared < shared.count, shared[nextShared] == identity { nextShared += 1 }
        }

        var right = 0
        for value in live {
            guard let identity = pathElement(of: value), new.contains(identity) else {
                result.append(value)
                continue
            }
            if done.contains(identity) { continue }
            // A common element that is not next in the configuration's order comes when its turn is there.
            guard nextShared < shared.count, shared[nextShared] == identity else { continue }
            while right < new.elements.count, !done.contains(identity) {
                emit(right)
                right += 1
            }
        }
        while right < new.elements.count {
            emit(right)
            right += 1
        }
        let merged = JSONArray(result)
        if merged.count == live.count, zip(merged, live).allSatisfy({ $0.isIdentical(to: $1) }) { return live }
        return merged
    }

    /// `value` without the parts whose paths are in `fields`; emptied containers stay.
    func removing(_ fields: FieldSet, from value: JSONValue) -> JSONValue {
        if fields.isEmpty { return value }
        switch (form, value) {
        case (.record, .object(let members)), (.map, .object(let members)):
            var result = members
            var hint = 0
            for node in fields.nodes {
                guard case .field(let name) = node.element, let old = members[name] else { continue }
                if node.isMember {
                    result.removeValue(forKey: name)
                } else if let type = member(name, from: &hint) {
                    let rest = type.removing(node.children, from: old)
                    if !rest.isIdentical(to: old) { result[name] = rest }
                }
            }
            return .object(result)
        case (.set, .array(let elements)), (.keyed, .array(let elements)):
            var result: [JSONValue] = []
            result.reserveCapacity(elements.count)
            for value in elements {
                guard let identity = pathElement(of: value), let node = fields.node(identity) else {
                    result.append(value)
                    continue
                }
                if node.isMember { continue }
                result.append(element?.removing(node.children, from: value) ?? value)
            }
            return .array(JSONArray(result))
        default: return value
        }
    }

    /// `fields` together with the declared members that lead to its paths: those are not owned by name, but go when
    /// all below them goes.
    func addingRecordMembers(to fields: FieldSet) -> FieldSet {
        var nodes: [FieldSet.Node] = []
        nodes.reserveCapacity(fields.nodes.count)
        var hint = 0
        for var node in fields.nodes {
            switch node.element {
            case .field(let name):
                guard let type = member(name, from: &hint) else { break }
                if form.isRecord && !node.children.isEmpty { node.isMember = true }
                node.children = type.addingRecordMembers(to: node.children)
            case .key: if let element { node.children = element.addingRecordMembers(to: node.children) }
            default: break
            }
            nodes.append(node)
        }
        return FieldSet(nodesWithContent: nodes)
    }
}

extension JSONValue {
    /// Certainly the same value, found out without a look inside containers.
    fileprivate func isIdentical(to other: JSONValue) -> Bool {
        switch (self, other) {
        case (.object(let left), .object(let right)): left.sharesStorage(with: right)
        case (.array(let left), .array(let right)): left.sharesStorage(with: right)
        case (.object, _), (.array, _), (_, .object), (_, .array): false
        default: self == other
        }
    }
}
