import APIMachinery
import JSON

/// A patch applied to those members of an object that it touches.
struct PartialPatch<Object: APIObject> {
    private let patch: Patch
    private let before: PartialDocument<Object>

    /// nil where the patch may reach any member, and where the object has no such encoding.
    init?(_ patch: Patch, to current: Output<Object>) throws {
        guard let touched = patch.touchedMembers, let before = try PartialDocument(touched, of: current) else {
            return nil
        }
        self.patch = patch
        self.before = before
    }

    /// The patched object; nil where only the whole document tells what comes out, errors included.
    func result() -> Object? {
        guard patch.issues.isEmpty,
            let after = try? patch.apply(to: .object(before.members), schema: Object.schema),
            patch.conversionProblem(of: after, schema: Object.schema) == nil
        else { return nil }
        return before.object(from: after)
    }
}
