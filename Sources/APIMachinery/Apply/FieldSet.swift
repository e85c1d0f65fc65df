/// A set of paths into a document: what a manager owns, what a change touched (spec/api-machinery.md 6.8).
///
/// A trie whose nodes are sorted: two sets with the same paths are equal, and written the same.
public struct FieldSet: Sendable, Hashable {
    struct Node: Sendable, Hashable {
        var element: PathElement
        /// The path that ends here belongs to the set.
        var isMember: Bool
        /// Longer paths of the set.
        var children: FieldSet
    }

    /// Ascending by element. A node is a member or has children.
    private(set) var nodes: [Node] = []

    /// The empty set.
    public init() {}

    public init(_ paths: [FieldPath]) {
        for path in paths { insert(path) }
    }

    public var isEmpty: Bool { nodes.isEmpty }

    /// Makes a set from nodes in any order; those with the same element are joined, those that say nothing dropped.
    init(unordered nodes: [Node]) {
        self.init(nodesWithContent: nodes.filter { $0.isMember || !$0.children.isEmpty })
    }

    /// Takes nodes that say something, in any order.
    init(nodesWithContent nodes: [Node]) {
        guard !Self.isAscending(nodes) else {
            self.nodes = nodes
            return
        }
        let sorted = nodes.sorted { $0.element < $1.element }
        self.nodes.reserveCapacity(sorted.count)
        for node in sorted {
            if let last = self.nodes.last, last.element == node.element {
                let end = self.nodes.count - 1
                self.nodes[end].isMember = last.isMember || node.isMember
                self.nodes[end].children = last.children.union(node.children)
            } else {
                self.nodes.append(node)
            }
        }
    }

    private static func isAscending(_ nodes: [Node]) -> Bool {
        var index = 1
        while index < nodes.count {
            if PathElement.order(nodes[index - 1].element, nodes[index].element) >= 0 { return false }
            index += 1
        }
        return true
    }

    /// Appends a node behind all others. Only for nodes made in ascending order.
    mutating func append(ascending node: Node) {
        if node.isMember || !node.children.isEmpty { nodes.append(node) }
    }

    public mutating func insert(_ path: FieldPath) { insert(path.elements[...]) }

    private mutating func insert(_ path: ArraySlice<PathElement>) {
        guard let element = path.first else { return }
        let rest = path.dropFirst()
        let (position, isPresent) = position(of: element)
        if !isPresent {
            nodes.insert(Node(element: element, isMember: false, children: FieldSet()), at: position)
        }
        if rest.isEmpty { nodes[position].isMember = true } else { nodes[position].children.insert(rest) }
    }

    public func contains(_ path: FieldPath) -> Bool {
        var set = self
        for (index, element) in path.elements.enumerated() {
            guard let node = set.node(element) else { return false }
            if index == path.elements.count - 1 { return node.isMember }
            set = node.children
        }
        return false
    }

    func node(_ element: PathElement) -> Node? {
        let (position, isPresent) = position(of: element)
        return isPresent ? nodes[position] : nil
    }

    /// Where `element` is, or belongs.
    private func position(of element: PathElement) -> (Int, Bool) {
        var low = 0
        var high = nodes.count
        while low < high {
            let middle = (low + high) / 2
            let order = PathElement.order(nodes[middle].element, element)
            if order == 0 { return (middle, true) }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return (low, false)
    }

    /// All paths: at each level first those that end there, then the longer ones. Conflicts are listed like this.
    public var paths: [FieldPath] {
        var found: [FieldPath] = []
        collect(&found, behind: [])
        return found
    }

    private func collect(_ found: inout [FieldPath], behind prefix: [PathElement]) {
        for node in nodes where node.isMember { found.append(FieldPath(prefix + [node.element])) }
        for node in nodes { node.children.collect(&found, behind: prefix + [node.element]) }
    }
}
