extension FieldSet {
    /// The paths of either set.
    public func union(_ other: FieldSet) -> FieldSet {
        if isEmpty { return other }
        if other.isEmpty { return self }
        return merged(with: other) { left, right in
            guard let left else { return right }
            guard let right else { return left }
            return Node(
                element: left.element, isMember: left.isMember || right.isMember,
                children: left.children.union(right.children))
        }
    }

    /// The paths of this set that are not in `other`. A path in `other` leaves longer ones alone.
    public func subtracting(_ other: FieldSet) -> FieldSet {
        if isEmpty || other.isEmpty { return self }
        return merged(with: other) { left, right in
            guard let left, let right else { return left }
            return Node(
                element: left.element, isMember: left.isMember && !right.isMember,
                children: left.children.subtracting(right.children))
        }
    }

    /// The paths of this set that neither are in `other` nor lead through a path of it.
    public func subtractingTrees(_ other: FieldSet) -> FieldSet {
        if isEmpty || other.isEmpty { return self }
        return merged(with: other) { left, right in
            guard let left, let right else { return left }
            if right.isMember { return nil }
            return Node(
                element: left.element, isMember: left.isMember,
                children: left.children.subtractingTrees(right.children))
        }
    }

    /// The paths in both sets.
    public func intersection(_ other: FieldSet) -> FieldSet {
        if isEmpty || other.isEmpty { return FieldSet() }
        return merged(with: other) { left, right in
            guard let left, let right else { return nil }
            return Node(
                element: left.element, isMember: left.isMember && right.isMember,
                children: left.children.intersection(right.children))
        }
    }

    /// Whether every path is in `other` as well.
    public func isSubset(of other: FieldSet) -> Bool {
        var index = 0
        for node in nodes {
            while index < other.nodes.count, other.nodes[index].element < node.element { index += 1 }
            guard index < other.nodes.count, other.nodes[index].element == node.element else { return false }
            if node.isMember && !other.nodes[index].isMember { return false }
            guard node.children.isSubset(of: other.nodes[index].children) else { return false }
        }
        return true
    }

    /// Walks both sets side by side; what `combine` returns and says something is kept.
    private func merged(with other: FieldSet, _ combine: (Node?, Node?) -> Node?) -> FieldSet {
        var result = FieldSet()
        var left = 0
        var right = 0
        while left < nodes.count || right < other.nodes.count {
            let order: Int
            if left == nodes.count {
                order = 1
            } else if right == other.nodes.count {
                order = -1
            } else {
                order = PathElement.order(nodes[left].element, other.nodes[right].element)
            }
            let node = combine(order <= 0 ? nodes[left] : nil, order >= 0 ? other.nodes[right] : nil)
            if order <= 0 { left += 1 }
            if order >= 0 { right += 1 }
            if let node { result.append(ascending: node) }
        }
        return result
    }
}
