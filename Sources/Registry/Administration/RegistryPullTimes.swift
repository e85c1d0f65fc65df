import APIMachinery
import APIServer
import ImageStreams
import OCI
import Store

/// When manifests were pulled last, as the rows of the registry have it (spec/registry.md 8.5). A push counts too.
public struct RegistryPullTimes: PullTimes {
    private let index: RegistryIndex
    private let namespaces: any NamespaceLookup

    /// Uses are noted coarsely, and the last ones are lost in a crash: so much later it may have been.
    private static let slack = TouchLog.granularity + 60_000

    public init(index: RegistryIndex, namespaces: any NamespaceLookup) {
        self.index = index
        self.namespaces = namespaces
    }

    /// Writes down that pulls are recorded from now on, unless they have been before.
    public func begin() async throws {
        let row = Mutation.put(key: RegistryKeys.pullsSince, value: Array(String(index.now()).utf8))
        do throws(StoreError) {
            _ = try await index.store.commit(
                Transaction(
                    conditions: [.modRevision(of: RegistryKeys.pullsSince, equals: 0)], mutations: [row]))
        } catch {
            guard case .conflict = error else { throw error }
        }
    }

    public func recordedSince() async throws -> Timestamp? {
        guard let row = try await index.store.get(RegistryKeys.pullsSince),
            let milliseconds = Int64(String(decoding: row.value, as: UTF8.self))
        else { return nil }
        return Timestamp(secondsSince1970: milliseconds / 1_000)
    }

    public func lastPulls(
        of digests: Set<String>, repository: (namespace: String, stream: String)
    ) async throws -> [String: Timestamp] {
        let path = RepositoryPath(namespace: repository.namespace, stream: repository.stream)
        var id: String?
        if let uid = try await namespaces.uid(of: path.namespace) {
            id = try await index.repository(path, namespaceUID: uid)?.id
        }
        var times: [String: Timestamp] = [:]
        for name in digests {
            guard let digest = Digest(name), let last = try await lastUse(of: digest, in: id) else { continue }
            times[name] = Timestamp(secondsSince1970: (last + Self.slack) / 1_000)
        }
        return times
    }

    /// In milliseconds. What has no record in the repository is noted with its bytes, whichever repository gave them out.
    private func lastUse(of digest: Digest, in id: String?) async throws -> Int64? {
        if let id, let record = try await index.manifest(digest, in: id) {
            return max(record.touched, index.touches.time(of: RegistryKeys.manifest(id, digest)) ?? .min)
        }
        guard let canonical = try await index.canonical(digest), let record = try await index.blob(canonical) else {
            return nil
        }
        return max(record.touched, index.touches.time(of: RegistryKeys.blob(canonical)) ?? .min)
    }
}
