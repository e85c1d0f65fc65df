import APIMachinery
import JSON

/// Those members of an object, as a tree, that a change can reach.
///
/// Most changes of large objects are to a label or one tag. What they leave alone is neither made into a tree nor
/// decoded, and managed fields, which have their own way through a change, are left out of the tree as well.
struct PartialDocument<Object: APIObject> {
    let members: JSONObject
    let base: Object

    /// - Parameter touched: top-level members the change may reach; `kind` and `apiVersion` are there always.
    /// - Returns: nil where the object has no such encoding.
    init?(_ touched: Set<String>, of current: Output<Object>) throws {
        guard let encoded = current.members else { return nil }
        var members = JSONObject()
        for key in encoded.keys where touched.contains(key) || key == "kind" || key == "apiVersion" {
            guard let value = Self.parse(key, encoded) else { return nil }
            members[key] = value
        }
        self.members = members
        base = try current.object()
    }

    private static func parse(_ key: String, _ members: EncodedMembers) -> JSONValue? {
        guard let encoded = members[key] else { return nil }
        guard key == "metadata" else { return try? JSONValue.parse(Array(encoded)) }
        guard let parts = EncodedMembers(Array(encoded)) else { return nil }
        var metadata = JSONObject()
        for name in parts.keys where name != "managedFields" {
            guard let part = parts[name], let value = try? JSONValue.parse(Array(part)) else { return nil }
            metadata[name] = value
        }
        return .object(metadata)
    }

    /// The object with the members that the change has made of these; nil where only the whole document tells what comes
    /// out, errors included.
    func object(from changed: JSONValue) -> Object? {
        guard case .object(let after) = changed,
            // A member that went away would have to become empty.
            members.keys.allSatisfy({ after[$0] != nil && after[$0] != .null }),
            after["kind"] == members["kind"], after["apiVersion"] == members["apiVersion"]
        else { return nil }
        var issues: [JSONIssue] = []
        guard
            var object = try? Object.decode(
                changed.jsonBytes(), onto: base, limits: BodyDecoder.patchedLimits, issues: &issues),
            issues.isEmpty
        else { return nil }
        object.metadata.managedFields = base.metadata.managedFields
        return object
    }
}
