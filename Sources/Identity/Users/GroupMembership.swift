import APIMachinery
import APIServer
import Synchronization

/// The groups that name a user. Worked out once and kept until a group is written.
final class GroupMembership: Sendable {
    private struct Known {
        var stamp: ChangeStamp
        /// Names of groups, sorted, by user.
        var groups: [String: [String]]
    }

    private let objects: ObjectStore<UserGroup>
    private let known = Mutex<Known?>(nil)

    init(_ objects: ObjectStore<UserGroup>) { self.objects = objects }

    /// - Throws: `APIError` where a group cannot be read.
    func groups(of user: String) async throws -> [String] { try await all().groups[user] ?? [] }

    /// Moves on with every write of a group.
    var stamp: ChangeStamp { objects.changeStamp }

    private func all() async throws -> Known {
        // Taken before the groups are read: a write in between makes the result old at once.
        let stamp = objects.changeStamp
        if let known = known.withLock({ $0 }), known.stamp == stamp { return known }
        var groups: [String: [String]] = [:]
        for name in try await objects.names(in: "") {
            guard let group = try await objects.object(name, namespace: "") else { continue }
            for user in Set(group.users) { groups[user, default: []].append(name) }
        }
        let fresh = Known(stamp: stamp, groups: groups)
        known.withLock { $0 = fresh }
        return fresh
    }
}
