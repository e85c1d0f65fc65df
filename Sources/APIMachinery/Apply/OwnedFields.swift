import JSON

/// What one manager owns, left in its encoding until it changes.
///
/// Most writes touch a few fields, which most managers of the object do not own: that can be seen without making a set
/// of the thousand paths of a large object.
struct OwnedFields: Sendable {
    private enum Form {
        case set(FieldSet)
        /// As `FieldSet.fieldsV1` writes it.
        case encoded(RawJSON)
    }

    private var form: Form

    init(_ set: FieldSet) { form = .set(set) }

    /// - Parameter encoded: as `FieldSet.fieldsV1` writes it; a set spelt in another way, or none at all, is not
    ///   understood.
    init(encoded: RawJSON) { form = .encoded(encoded) }

    /// The paths; none where they cannot be read.
    var set: FieldSet {
        switch form {
        case .set(let set): set
        case .encoded(let encoded): (try? FieldSet(fieldsV1: encoded)) ?? FieldSet()
        }
    }

    var fieldsV1: RawJSON {
        switch form {
        case .set(let set): set.fieldsV1
        case .encoded(let encoded): encoded
        }
    }

    var isEmpty: Bool {
        switch form {
        case .set(let set): set.isEmpty
        case .encoded(let encoded): encoded.bytes.count <= 2
        }
    }

    /// The paths that are in `other` too.
    func intersection(_ other: FieldSet) -> FieldSet {
        if case .encoded(let encoded) = form, other.isApart(fromEncoded: encoded) { return FieldSet() }
        return set.intersection(other)
    }

    mutating func subtract(_ other: FieldSet) {
        if case .encoded(let encoded) = form, other.isApart(fromEncoded: encoded) { return }
        let (before, after) = (set, set.subtracting(other))
        if before != after { form = .set(after) }
    }

    mutating func formUnion(_ other: FieldSet) {
        if case .encoded(let encoded) = form, other.isSubset(ofEncoded: encoded) { return }
        form = .set(set.union(other))
    }
}

/// Questions to an encoded set. Each may be answered with no out of caution: then the set is read.
extension FieldSet {
    /// Whether no path of this set certainly is in the other.
    fileprivate func isApart(fromEncoded other: RawJSON) -> Bool {
        other.bytes.withUnsafeBytes { isApart(from: EncodedFieldSet($0), 0..<$0.count) }
    }

    /// Whether all paths of this set certainly are in the other.
    fileprivate func isSubset(ofEncoded other: RawJSON) -> Bool {
        other.bytes.withUnsafeBytes { isSubset(of: EncodedFieldSet($0), 0..<$0.count) }
    }

    private func isApart(from other: EncodedFieldSet, _ range: Range<Int>) -> Bool {
        guard let found = other.values(of: nodes, in: range) else { return false }
        return zip(nodes, found).allSatisfy { node, value in
            guard let value else { return true }
            if node.isMember && other.isMember(value) { return false }
            return node.children.isApart(from: other, value)
        }
    }

    private func isSubset(of other: EncodedFieldSet, _ range: Range<Int>) -> Bool {
        guard let found = other.values(of: nodes, in: range) else { return false }
        return zip(nodes, found).allSatisfy { node, value in
            guard let value else { return false }
            if node.isMember && !other.isMember(value) { return false }
            return node.children.isSubset(of: other, value)
        }
    }
}

/// A set in FieldsV1, looked into where it is asked.
private struct EncodedFieldSet {
    /// With more elements at one level than these, reading the set is quicker.
    static let searchLimit = 8

    let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// For each node the value of its element in an object, nil where that has it not.
    /// - Returns: nil where it was not found out.
    func values(of nodes: [FieldSet.Node], in object: Range<Int>) -> [Range<Int>?]? {
        if nodes.isEmpty { return [] }
        guard nodes.count <= Self.searchLimit else { return nil }
        var found = [Range<Int>?](repeating: nil, count: nodes.count)
        let keys = nodes.map { JSONValue.string($0.element.fieldsV1).jsonBytes() }
        let isWhole = JSONScanner(bytes).forEachMember(in: object) { member in
            let key = bytes[member.key]
            if let index = keys.firstIndex(where: { $0.count == key.count && $0.elementsEqual(key) }) {
                found[index] = member.value
            }
        }
        return isWhole ? found : nil
    }

    /// Whether the path that ends at a value belongs to the set: it is a leaf, or says so.
    func isMember(_ value: Range<Int>) -> Bool {
        let object = bytes[value]
        return object.count == 2 || object.starts(with: Self.membership)
    }

    private static let membership = Array(#"{".":"#.utf8)
}
