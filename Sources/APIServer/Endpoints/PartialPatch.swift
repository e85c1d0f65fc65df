import APIMachinery
import JSON

/// A patch applied to those members of an object that it touches.
///
/// Most patches of large objects change a label or one tag. What they leave alone is neither made into a tree nor
/// decoded, and managed fields, which no patch changes unless it names them, are left out of the tree as well.
struct PartialPatch<Object: APIObject> {
    private let patch: Patch
    private let base: Object
    private let before: JSONObject
    private let touched: Set<String>

    /// nil where the patch may reach any member, and where the object has no such encoding.
    init?(_ patch: Patch, to current: Output<Object>) throws {
        guard let touched = patch.touchedMembers, let members = EncodedMembers(current.encoded.json) else { return nil }
        self.patch = patch
        self.touched = touched
        base = try current.object()
        var before = JSONObject()
        for key in members.keys where touched.contains(key) || key == "kind" || key == "apiVersion" {
            guard let value = Self.parse(key, members) else { return nil }
            before[key] = value
        }
        self.before = before
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

    /// The patched object; nil where only the whole document tells what comes out, errors included.
    func result(options: WriteOptions, warnings: WarningRecorder) throws -> Object? {
        guard let after = try? patch.apply(to: .object(before), schema: Object.schema),
            case .object(let members) = after,
            patch.conversionProblem(of: after, schema: Object.schema) == nil,
            // A member that went away would have to become empty.
            before.keys.allSatisfy({ members[$0] != nil && members[$0] != .null }),
            members["kind"] == before["kind"], members["apiVersion"] == before["apiVersion"]
        else { return nil }
        var issues: [JSONIssue] = []
        guard
            var object = try? Object.decode(
                after.jsonBytes(), onto: base, limits: BodyDecoder.patchedLimits, issues: &issues),
            issues.isEmpty, patch.issues.isEmpty
        else { return nil }
        object.metadata.managedFields = base.metadata.managedFields
        return object
    }
}
