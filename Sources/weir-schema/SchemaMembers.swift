import Yams

/// A YAML mapping with known keys only: a misspelt one is an error, not a silent default.
struct SchemaMembers {
    private var nodes: [String: Node] = [:]
    private let place: String

    init(_ node: Node, at place: String, allowed: Set<String>) throws {
        guard let mapping = node.mapping else { throw SchemaError("\(place): not a mapping") }
        self.place = place
        for (key, value) in mapping {
            guard let name = key.string, allowed.contains(name) else {
                throw SchemaError("\(place): unknown key \(key.string ?? "?")")
            }
            nodes[name] = value
        }
    }

    func text(_ key: String) -> String? { nodes[key]?.scalar?.string }

    func string(_ key: String) throws -> String {
        guard let text = text(key) else { throw SchemaError("\(place): \(key) is missing") }
        return text
    }

    func nodes(_ key: String) throws -> [Node] {
        guard let sequence = nodes[key]?.sequence else { throw SchemaError("\(place): \(key) is not a list") }
        return Array(sequence)
    }

    /// A list of scalars; one scalar is a list of one.
    func strings(_ key: String, orEmpty: Bool = false) throws -> [String] {
        guard let node = nodes[key] else {
            if orEmpty { return [] }
            throw SchemaError("\(place): \(key) is missing")
        }
        if let scalar = node.scalar { return [scalar.string] }
        return try nodes(key).compactMap { $0.scalar?.string }
    }
}
