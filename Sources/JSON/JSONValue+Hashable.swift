extension JSONValue: Hashable {
    /// Objects are equal whatever the order of their members; `1` and `1.0` are not equal.
    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        guard var pairs = comparison(left, right) else { return false }
        while let pair = pairs.popLast() {
            switch pair {
            case .arrays(let left, let right):
                for index in left.indices {
                    guard let more = comparison(left[index], right[index]) else { return false }
                    pairs += more
                }
            case .objects(let left, let right):
                for (key, value) in left {
                    guard let other = right[key], let more = comparison(value, other) else { return false }
                    pairs += more
                }
            }
        }
        return true
    }

    private enum Pair {
        case arrays(JSONArray, JSONArray)
        case objects(JSONObject, JSONObject)
    }

    /// nil: different. Otherwise the containers whose contents are still to be compared.
    private static func comparison(_ left: JSONValue, _ right: JSONValue) -> [Pair]? {
        switch (left, right) {
        case (.null, .null): []
        case (.bool(let left), .bool(let right)): left == right ? [] : nil
        case (.integer(let left), .integer(let right)): left == right ? [] : nil
        case (.double(let left), .double(let right)): left == right ? [] : nil
        case (.string(let left), .string(let right)): Exactly.equal(left, right) ? [] : nil
        case (.array(let left), .array(let right)):
            left.sharesStorage(with: right) ? [] : left.count == right.count ? [.arrays(left, right)] : nil
        case (.object(let left), .object(let right)):
            left.sharesStorage(with: right) ? [] : left.count == right.count ? [.objects(left, right)] : nil
        default: nil
        }
    }

    /// Containers inside containers count by their size only: hashing looks one level deep.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .array(let array):
            hasher.combine(6)
            hasher.combine(array.count)
            for element in array { element.hashShallow(into: &hasher) }
        case .object(let object):
            hasher.combine(7)
            hasher.combine(object.count)
            var members = 0
            for (key, value) in object {
                var member = Hasher()
                member.combine(key)
                value.hashShallow(into: &member)
                members ^= member.finalize()
            }
            hasher.combine(members)
        default:
            hashShallow(into: &hasher)
        }
    }

    private func hashShallow(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value):
            hasher.combine(1)
            hasher.combine(value)
        case .integer(let value):
            hasher.combine(2)
            hasher.combine(value)
        case .double(let value):
            hasher.combine(3)
            hasher.combine(value)
        case .string(let value):
            hasher.combine(4)
            hasher.combine(value)
        case .array(let value):
            hasher.combine(6)
            hasher.combine(value.count)
        case .object(let value):
            hasher.combine(7)
            hasher.combine(value.count)
        }
    }
}
