import JSON

/// A document that was checked against its type: the form in which apply takes configurations (spec/api-machinery.md
/// 6.7, item 4).
struct TypedDocument {
    /// What `fieldset(V)` of 6.11 gives: everything the document says something about.
    let fields: FieldSet

    struct Failure: Error, Hashable {
        /// One text for each part that does not fit: `.spec.foo: field not declared in schema`.
        var messages: [String]

        var text: String {
            messages.count == 1 ? messages[0] : (["errors:"] + messages.map { "  " + $0 }).joined(separator: "\n")
        }
    }

    /// - Parameter allowsDuplicates: whether a list may have several elements of one identity, as stored ones may.
    /// - Throws: what does not fit, at most 20 messages.
    init(_ document: JSONValue, type: ApplyType, allowsDuplicates: Bool = false) throws(Failure) {
        var walk = Walk(allowsDuplicates: allowsDuplicates)
        fields = FieldSet(nodesWithContent: walk.visit(document, type).children)
        guard walk.messages.isEmpty else { throw Failure(messages: walk.messages) }
    }

    /// What a document says something about, whether or not all of it fits the type.
    static func fields(of document: JSONValue, type: ApplyType) -> FieldSet {
        var walk = Walk(allowsDuplicates: true)
        return FieldSet(nodesWithContent: walk.visit(document, type).children)
    }

    private struct Walk {
        private static let messageLimit = 20

        let allowsDuplicates: Bool
        var messages: [String] = []
        private var path: [PathElement] = []

        init(allowsDuplicates: Bool) { self.allowsDuplicates = allowsDuplicates }

        /// - Returns: the paths below the value, and whether the value itself is one.
        mutating func visit(_ value: JSONValue, _ type: ApplyType) -> (children: [FieldSet.Node], isMember: Bool) {
            switch type.form {
            case .scalar(let scalar):
                check(value, scalar)
                return ([], true)
            case .opaque: return ([], true)
            case .record, .map:
                guard case .object(let members) = value else {
                    expectContainer("map", value)
                    return ([], false)
                }
                return (visitMembers(members, type), false)
            case .atomicMap:
                if case .object(let members) = value {
                    _ = visitMembers(members, type)
                } else {
                    expectContainer("map", value)
                }
                return ([], true)
            case .atomicList:
                if case .array(let elements) = value {
                    visitAtomic(elements, type)
                } else {
                    expectContainer("list", value)
                }
                return ([], true)
            case .set, .keyed:
                guard case .array(let elements) = value else {
                    expectContainer("list", value)
                    return ([], false)
                }
                return (visitElements(elements, type), false)
            }
        }

        private mutating func visitMembers(_ members: JSONObject, _ type: ApplyType) -> [FieldSet.Node] {
            var nodes: [FieldSet.Node] = []
            nodes.reserveCapacity(members.count)
            var hint = 0
            let isMap = type.fields.isEmpty
            for (key, value) in members {
                path.append(.field(key))
                if let member = type.member(key, from: &hint) {
                    var (children, isMember) = visit(value, member)
                    if isMap || value.isNull || value.objectValue?.isEmpty == true { isMember = true }
                    if isMember || !children.isEmpty {
                        nodes.append(
                            FieldSet.Node(
                                element: .field(key), isMember: isMember,
                                children: FieldSet(nodesWithContent: children)))
                    }
                } else if type.form.isRecord || !type.fields.isEmpty {
                    report("field not declared in schema")
                }
                path.removeLast()
            }
            return nodes
        }

        private mutating func visitAtomic(_ elements: JSONArray, _ type: ApplyType) {
            guard let element = type.element else { return }
            for (index, value) in elements.enumerated() {
                path.append(.index(Int64(index)))
                _ = visit(value, element)
                path.removeLast()
            }
        }

        private mutating func visitElements(_ elements: JSONArray, _ type: ApplyType) -> [FieldSet.Node] {
            guard let element = type.element else { return [] }
            var nodes: [FieldSet.Node] = []
            nodes.reserveCapacity(elements.count)
            var seen: Set<PathElement> = []
            for (index, value) in elements.enumerated() {
                guard let identity = type.pathElement(of: value) else {
                    report("element \(index): \(type.problem(with: value))")
                    continue
                }
                guard seen.insert(identity).inserted else {
                    if !allowsDuplicates { report("duplicate entries for key \(identity)") }
                    // Elements that cannot be told apart are owned as one, without their members.
                    nodes.removeAll { $0.element == identity }
                    nodes.append(FieldSet.Node(element: identity, isMember: true, children: FieldSet()))
                    continue
                }
                path.append(identity)
                let children = visit(value, element).children
                path.removeLast()
                nodes.append(
                    FieldSet.Node(
                        element: identity, isMember: true, children: FieldSet(nodesWithContent: children)))
            }
            return nodes
        }

        private mutating func check(_ value: JSONValue, _ scalar: ApplyType.Scalar) {
            switch (scalar, value) {
            case (_, .null), (.string, .string), (.number, .integer), (.number, .double), (.boolean, .bool),
                (.any, .string), (.any, .integer), (.any, .double), (.any, .bool):
                return
            case (.string, _):
                report("expected string, got &value.valueUnstructured{Value:\(GoValueText.syntax(value))}")
            case (.number, _):
                report("expected numeric (int or float), got \(GoValueText.type(of: value))")
            case (.boolean, _): report("expected boolean, got &{\(GoValueText.plain(value))}")
            case (.any, _): report("expected any scalar, got &{\(GoValueText.plain(value))}")
            }
        }

        private mutating func expectContainer(_ name: String, _ value: JSONValue) {
            if !value.isNull { report("expected \(name), got &{\(GoValueText.plain(value))}") }
        }

        private mutating func report(_ text: String) {
            guard messages.count < Self.messageLimit else { return }
            messages.append("\(FieldPath(path)): \(text)")
        }
    }
}

extension ApplyType.Form {
    var isRecord: Bool {
        switch self {
        case .record: true
        default: false
        }
    }
}

extension ApplyType {
    /// Why a value cannot be an element of this list.
    fileprivate func problem(with value: JSONValue) -> String {
        if case .keyed = form {
            switch value {
            case .null: return "associative list with keys may not have a null element"
            case .object:
                let names = keys.map { GoText.quoted($0.name) }.joined(separator: " ")
                return
                    "associative list with keys has an element that omits all key fields [\(names)] (and doesn't have default values for any key fields)"
            default: return "associative list with keys may not have non-map elements"
            }
        }
        switch value {
        case .null: return "associative list without keys has an element that's an explicit null"
        case .array: return "not supported: associative list with lists as elements"
        default: return "associative list without keys has an element that's a map type"
        }
    }
}
