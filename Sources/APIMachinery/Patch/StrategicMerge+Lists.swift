import JSON

extension StrategicMergePatch {
    /// Merges the list `name` here and now and puts it into the order of its `$setElementOrder` (6.4, step 3).
    static func mergeOrdered(
        _ name: String, order: JSONValue, patch: JSONObject, into result: inout JSONObject, type: FieldType?,
        depth: Int
    ) throws(Failure) {
        guard case .array(let order) = order else {
            throw .malformed("invalid patch format of setElementOrder list")
        }
        let field = MergeField(name, of: type)
        let changes = try list(patch[name], "invalid patch format of primitive list")
        let original = try list(result[name], "invalid patch format of setElementOrder list")
        guard changes != nil || original != nil else { return }
        if let changes, let key = field.mergeKey { try checkOrder(of: changes, against: order, key: key) }
        result[name] = .array(
            try mergeList(
                changes ?? JSONArray([]), into: original ?? JSONArray([]), field: field, order: order,
                depth: depth + 1))
    }

    private static func list(_ value: JSONValue?, _ message: String) throws(Failure) -> JSONArray? {
        switch value {
        case nil, .null?: return nil
        case .array(let elements)?: return elements
        default: throw .malformed(message)
        }
    }

    /// Merges a list of strategy `merge` (6.5) and orders it.
    static func mergeList(
        _ patch: JSONArray, into original: JSONArray, field: MergeField, order: JSONArray?, depth: Int
    ) throws(Failure) -> JSONArray {
        if original.isEmpty && patch.isEmpty { return original }
        if original.contains(where: { $0.arrayValue != nil }) || patch.contains(where: { $0.arrayValue != nil }) {
            throw .notApplicable("lists of lists are not supported")
        }
        guard let key = field.mergeKey else {
            return ElementOrder { $0 }.arranged(
                unique(original + patch), by: order ?? patch, server: original)
        }
        let instructions = try ListInstructions(patch, key: key)
        if instructions.replaces { return JSONArray(instructions.changes.map { .object($0) }) }
        var items: [JSONValue] = []
        var positions: [String: Int] = [:]
        for element in original {
            let identity = element[key].map(GoValueText.plain)
            if let identity {
                if instructions.deleted.contains(identity) { continue }
                if positions[identity] == nil { positions[identity] = items.count }
            }
            items.append(element)
        }
        for change in instructions.changes {
            guard let value = change[key] else { throw missingKey(key, in: change) }
            let identity = GoValueText.plain(value)
            if let position = positions[identity], case .object(let members) = items[position] {
                items[position] = .object(
                    try merge(change, into: members, type: field.elementType, depth: depth + 1))
            } else {
                positions[identity] = items.count
                items.append(.object(change))
            }
        }
        let listed = order ?? JSONArray(instructions.changes.map { .object($0) })
        return ElementOrder { element in element[key].map { .string(GoValueText.plain($0)) } ?? .null }
            .arranged(items, by: listed, server: original)
    }

    static func missingKey(_ key: String, in map: JSONObject) -> Failure {
        .failed("map: \(GoValueText.plain(.object(map))) does not contain declared merge key: \(key)")
    }

    /// The patch's own elements must come in the order that `$setElementOrder` gives (6.5).
    private static func checkOrder(of patch: JSONArray, against order: JSONArray, key: String) throws(Failure) {
        var remaining = order.makeIterator()
        for element in patch where element[directive] == nil {
            let identity = element[key].map(GoValueText.plain)
            var found = false
            while !found, let next = remaining.next() { found = next[key].map(GoValueText.plain) == identity }
            guard found else {
                throw .failed(
                    "The order in patch list:\n\(GoValueText.plain(.array(patch)))\n doesn't match $setElementOrder list:\n\(GoValueText.plain(.array(order)))\n"
                )
            }
        }
    }

    private static func unique(_ elements: JSONArray) -> [JSONValue] {
        var seen: Set<JSONValue> = []
        return elements.filter { seen.insert($0).inserted }
    }
}

/// What the elements of a patch list say: which elements go, whether the rest is the whole list.
private struct ListInstructions {
    var changes: [JSONObject] = []
    /// Identities of elements to remove.
    var deleted: Set<String> = []
    var replaces = false

    init(_ patch: JSONArray, key: String) throws(StrategicMergePatch.Failure) {
        for element in patch {
            guard case .object(let members) = element else {
                throw .failed(
                    "list element types are not identical: map[string]interface {}, \(GoValueText.type(of: element))")
            }
            guard let directive = members[StrategicMergePatch.directive] else {
                changes.append(members)
                continue
            }
            switch directive.stringValue {
            case "delete":
                guard let value = members[key] else { throw StrategicMergePatch.missingKey(key, in: members) }
                deleted.insert(GoValueText.plain(value))
            case "replace": replaces = true
            case "merge": throw .failed("merging lists cannot yet be specified in the patch")
            default: throw StrategicMergePatch.unknownDirective(directive, in: members)
            }
        }
    }
}

/// The order of a merged list: elements the order list names in its order, others in the server's, interleaved so that
/// an element of the server keeps its place before the listed ones it stood before (6.5).
private struct ElementOrder {
    let identity: (JSONValue) -> JSONValue

    func arranged(_ items: [JSONValue], by order: JSONArray, server: JSONArray) -> JSONArray {
        let listedPlaces = places(order)
        let serverPlaces = places(server)
        var listed: [(item: JSONValue, place: Int, server: Int?)] = []
        var rest: [(item: JSONValue, server: Int?)] = []
        for item in items {
            let identity = identity(item)
            if let place = listedPlaces[identity] {
                listed.append((item, place, serverPlaces[identity]))
            } else {
                rest.append((item, serverPlaces[identity]))
            }
        }
        // Both sorts are stable, so elements that share an identity keep their order.
        listed = listed.enumerated().sorted { ($0.element.place, $0.offset) < ($1.element.place, $1.offset) }
            .map(\.element)
        rest = rest.enumerated().sorted {
            ($0.element.server ?? Int.max, $0.offset) < ($1.element.server ?? Int.max, $1.offset)
        }.map(\.element)
        var result: [JSONValue] = []
        result.reserveCapacity(items.count)
        var next = 0
        for (item, server) in rest {
            while next < listed.count {
                if let server, let other = listed[next].server, server < other { break }
                result.append(listed[next].item)
                next += 1
            }
            result.append(item)
        }
        result += listed[next...].map(\.item)
        return JSONArray(result)
    }

    private func places(_ elements: JSONArray) -> [JSONValue: Int] {
        var places: [JSONValue: Int] = [:]
        for (place, element) in elements.enumerated() {
            let identity = identity(element)
            if places[identity] == nil { places[identity] = place }
        }
        return places
    }
}
