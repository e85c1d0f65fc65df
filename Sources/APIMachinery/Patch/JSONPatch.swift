import JSON

/// JSON patch (RFC 6902; spec/api-machinery.md 6.2).
public struct JSONPatch: Sendable {
    /// The most operations one patch may have.
    public static let maximumOperations = 10_000
    /// The most bytes that `copy` may add in one patch.
    public static let maximumCopiedBytes = 3 * 1024 * 1024
    /// Arrays and objects inside each other that the result may have: what a body may have.
    public static let maximumDepth = 10_000

    public enum Failure: Error, Sendable, Hashable {
        /// The document is no patch: 400 with this text behind `error decoding patch: `.
        case malformed(String)
        /// Too many operations: 413.
        case tooManyOperations(Int)
        /// An operation does not fit the object: 422. The text is for the log.
        case notApplicable(String)
    }

    struct Operation: Sendable {
        var name: String
        var path: String?
        var from: String?
        var value: JSONValue?
    }

    let operations: [Operation]
    /// Members of operations that JSON patch does not know, as field validation prints them.
    public let unknownFields: [String]

    public init(_ document: JSONValue) throws(Failure) {
        guard case .array(let elements) = document else {
            throw .malformed(
                "json: cannot unmarshal \(document.typeName) into Go value of type []handlers.jsonPatchOp")
        }
        guard elements.count <= Self.maximumOperations else { throw .tooManyOperations(elements.count) }
        var operations: [Operation] = []
        var unknown: [String] = []
        for (index, element) in elements.enumerated() {
            guard case .object(let members) = element else {
                throw .malformed(
                    "json: cannot unmarshal \(element.typeName) into Go value of type handlers.jsonPatchOp")
            }
            for key in members.keys where !["op", "path", "from", "value"].contains(key) {
                unknown.append("json patch unknown field \"[\(index)].\(key)\"")
            }
            operations.append(
                Operation(
                    name: members["op"]?.stringValue ?? "", path: members["path"]?.stringValue,
                    from: members["from"]?.stringValue, value: members["value"]))
        }
        self.operations = operations
        unknownFields = unknown
    }

    /// The top-level members that the operations read or write; nil where one names the document or its metadata as a
    /// whole, or managed fields.
    public var touchedMembers: Set<String>? {
        var members = Set<String>()
        for operation in operations {
            for pointer in [operation.path, operation.from].compactMap({ $0 }) {
                let parts = pointer.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
                guard parts.count > 1, parts[0].isEmpty, let member = String(parts[1]), !member.contains("~") else {
                    return nil
                }
                if member == "metadata" {
                    guard parts.count > 2, String(parts[2]) != "managedFields" else { return nil }
                } else if parts.count < 3 {
                    return nil
                }
                members.insert(member)
            }
        }
        return members
    }

    /// The document after all operations, or the first failure: nothing is applied half.
    public func apply(to document: JSONValue) throws(Failure) -> JSONValue {
        var result = document
        var copied = 0
        for operation in operations {
            guard let text = operation.path, let path = JSONPointer(text) else {
                throw .notApplicable("bad path \(operation.path ?? "")")
            }
            switch operation.name {
            case "add":
                try result.add(operation.value ?? .null, at: path.tokens[...])
            case "remove":
                try result.remove(at: path.tokens[...])
            case "replace":
                try result.replace(operation.value ?? .null, at: path.tokens[...])
            case "test":
                guard try result.value(at: path.tokens[...]) ?? .null == operation.value ?? .null else {
                    throw .notApplicable("testing \(text) failed")
                }
            case "move":
                let from = try source(of: operation)
                guard !path.isBelow(from) else { throw .notApplicable("cannot move \(text) into itself") }
                guard let value = try result.value(at: from.tokens[...]) else {
                    throw .notApplicable("nothing at \(operation.from ?? "")")
                }
                try result.remove(at: from.tokens[...])
                try result.add(value, at: path.tokens[...])
            case "copy":
                let from = try source(of: operation)
                guard let value = try result.value(at: from.tokens[...]) else {
                    throw .notApplicable("nothing at \(operation.from ?? "")")
                }
                copied += value.description.utf8.count
                guard copied <= Self.maximumCopiedBytes else { throw .notApplicable("copies are too large") }
                try result.add(value, at: path.tokens[...])
            default:
                throw .notApplicable("unexpected operation \(operation.name)")
            }
        }
        guard !result.isDeeper(than: Self.maximumDepth) else { throw .notApplicable("the result is too deep") }
        return result
    }

    private func source(of operation: Operation) throws(Failure) -> JSONPointer {
        guard let from = operation.from.flatMap(JSONPointer.init) else { throw .notApplicable("bad from") }
        return from
    }
}

extension JSONValue {
    // Nothing here recurses: by copying a value into itself a small patch makes documents far deeper than any parser
    // would take, and the stack of a thread is no place to find that out.

    fileprivate func value(at path: ArraySlice<String>) throws(JSONPatch.Failure) -> JSONValue? {
        var current = self
        for (position, key) in zip(path.indices, path) {
            switch current {
            case .object(let object):
                guard let member = object[key] else {
                    if position == path.endIndex - 1 { return nil }
                    throw .notApplicable("missing member \(key)")
                }
                current = member
            case .array(let elements):
                current = elements[try Self.index(key, in: elements.count)]
            default:
                throw .notApplicable("no container at \(key)")
            }
        }
        return current
    }

    fileprivate mutating func add(_ value: JSONValue, at path: ArraySlice<String>) throws(JSONPatch.Failure) {
        guard !path.isEmpty else {
            self = value
            return
        }
        try edit(path) { (container, key) throws(JSONPatch.Failure) in
            switch container {
            case .object(var object):
                container = .null
                object[key] = value
                container = .object(object)
            case .array(var elements):
                let index = key == "-" ? elements.count : try Self.index(key, in: elements.count + 1)
                container = .null
                elements.insert(value, at: index)
                container = .array(elements)
            default: throw .notApplicable("no container for \(key)")
            }
        }
    }

    fileprivate mutating func replace(_ value: JSONValue, at path: ArraySlice<String>) throws(JSONPatch.Failure) {
        guard !path.isEmpty else {
            self = value
            return
        }
        try edit(path) { (container, key) throws(JSONPatch.Failure) in
            switch container {
            case .object(var object):
                // The reference takes replacing an absent member for setting it.
                container = .null
                object[key] = value
                container = .object(object)
            case .array(var elements):
                let index = try Self.index(key, in: elements.count)
                container = .null
                elements[index] = value
                container = .array(elements)
            default: throw .notApplicable("no container for \(key)")
            }
        }
    }

    fileprivate mutating func remove(at path: ArraySlice<String>) throws(JSONPatch.Failure) {
        guard !path.isEmpty else { throw .notApplicable("cannot remove the whole document") }
        try edit(path) { (container, key) throws(JSONPatch.Failure) in
            switch container {
            case .object(var object):
                guard object[key] != nil else { throw .notApplicable("nothing at \(key)") }
                container = .null
                object[key] = nil
                container = .object(object)
            case .array(var elements):
                let index = try Self.index(key, in: elements.count)
                container = .null
                elements.remove(at: index)
                container = .array(elements)
            default: throw .notApplicable("no container for \(key)")
            }
        }
    }

    /// Calls `body` with the container and the key that the last token of a path names.
    ///
    /// Members are taken out on the way down and put back on the way up, so nothing is copied that has one owner. After
    /// a failure the value is of no use.
    private mutating func edit(
        _ path: ArraySlice<String>, _ body: (inout JSONValue, String) throws(JSONPatch.Failure) -> Void
    ) throws(JSONPatch.Failure) {
        guard let last = path.last else { return }
        var opened: [(container: JSONValue, key: String)] = []
        var current = self
        self = .null
        for key in path.dropLast() {
            let member = try current.swapMember(key, for: .null)
            opened.append((current, key))
            current = member
        }
        try body(&current, last)
        while var inner = opened.popLast() {
            _ = try inner.container.swapMember(inner.key, for: current)
            current = inner.container
        }
        self = current
    }

    /// Puts `new` in the place of a member or element that exists, and gives what was there.
    private mutating func swapMember(_ key: String, for new: JSONValue) throws(JSONPatch.Failure) -> JSONValue {
        switch self {
        case .object(var object):
            self = .null
            guard let old = object[key] else { throw .notApplicable("missing member \(key)") }
            object[key] = new
            self = .object(object)
            return old
        case .array(var elements):
            self = .null
            let index = try Self.index(key, in: elements.count)
            let old = elements[index]
            elements[index] = new
            self = .array(elements)
            return old
        default:
            throw .notApplicable("no container at \(key)")
        }
    }

    /// An index below `count`; negative ones count from the end, as the reference allows.
    private static func index(_ text: String, in count: Int) throws(JSONPatch.Failure) -> Int {
        guard let number = Int(text), !text.hasPrefix("+") else { throw .notApplicable("bad index \(text)") }
        let index = number < 0 ? number + count : number
        guard index >= 0 && index < count else { throw .notApplicable("index \(text) out of range") }
        return index
    }
}
