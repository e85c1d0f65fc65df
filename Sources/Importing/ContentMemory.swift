import OCI
import RegistryClient
import Synchronization

/// Manifests and configs that were fetched lately, so that five hundred streams on one tag that has moved cost its
/// registry one request and not five hundred (`spec/import-and-controllers.md` H.4).
///
/// What was fetched is remembered with the repository and with the very credentials it was fetched by: who only knows a
/// digest gets nothing, nor does who was let into another repository that has the same content. A class because all
/// imports share it.
final class ContentMemory: Sendable {
    struct Key: Hashable, Sendable {
        let repository: RepositoryName
        let access: RegistryAccess
        let digest: Digest
    }

    enum Content: Sendable {
        case manifest(FetchedManifest)
        case blob([UInt8])

        /// Bytes, about; manifests are also kept as they were read.
        var cost: Int {
            switch self {
            case .manifest(let fetched): fetched.bytes.count * 4 + 500
            case .blob(let bytes): bytes.count + 500
            }
        }
    }

    private struct State {
        var contents: [Key: (content: Content, used: UInt64)] = [:]
        var clock: UInt64 = 0
        var cost = 0
    }

    private struct TagKey: Hashable, Sendable {
        let reference: RemoteReference
        let access: RegistryAccess
    }

    private struct Flight: Hashable, Sendable {
        let key: Key
        let isManifest: Bool
        /// Those that nobody waits for are refused where others are not.
        let isBackground: Bool
    }

    private let capacity: Int
    private let state = Mutex(State())
    private let flights = OnceMap<Flight, Content>()
    private let tags = RecentCache<TagKey, (digest: Digest, time: ContinuousClock.Instant)>(capacity: 10_000)

    /// For how long an image is imported that a look at its tag has shown.
    private static let freshness: Duration = .seconds(300)

    /// - Parameter capacity: bytes, about; what would take more than an eighth of it is not kept.
    init(capacity: Int = 32 << 20) { self.capacity = capacity }

    // MARK: Content

    /// What is known, or what `fetch` brings; those who want the same meanwhile wait for that.
    /// - Parameter access: that was let into the repository by this very import, or by a look a moment ago.
    func content(
        _ key: Key, isManifest: Bool, isBackground: Bool,
        _ fetch: @escaping @Sendable () async throws(RegistryError) -> Content
    ) async throws(RegistryError) -> Content {
        if let known = known(key, isManifest: isManifest) { return known }
        let flight = Flight(key: key, isManifest: isManifest, isBackground: isBackground)
        let outcome = await flights.outcome(of: flight) {
            // Somebody may have ended just before.
            if let known = self.known(key, isManifest: isManifest) { return .success(known) }
            do throws(RegistryError) {
                let content = try await fetch()
                self.keep(content, key)
                return .success(content)
            } catch {
                return .failure(error)
            }
        }
        flights.forget(flight)
        return try outcome.get()
    }

    func keep(_ content: Content, _ key: Key) {
        let cost = content.cost
        guard cost <= capacity / 8 else { return }
        state.withLock { state in
            state.clock += 1
            if let old = state.contents.updateValue((content, state.clock), forKey: key) {
                state.cost -= old.content.cost
            }
            state.cost += cost
            guard state.cost > capacity else { return }
            // An eighth at a time, so that sorting is rare.
            for (key, old) in state.contents.sorted(by: { $0.value.used < $1.value.used }) {
                guard state.cost > capacity / 8 * 7 else { return }
                state.contents[key] = nil
                state.cost -= old.content.cost
            }
        }
    }

    private func known(_ key: Key, isManifest: Bool) -> Content? {
        state.withLock { state in
            guard let content = state.contents[key]?.content else { return nil }
            // The bytes of a manifest may be a blob to somebody.
            switch content {
            case .manifest where !isManifest: return nil
            case .blob where isManifest: return nil
            default: break
            }
            state.clock += 1
            state.contents[key] = (content, state.clock)
            return content
        }
    }

    // MARK: Tags

    /// Notes what a tag was seen to name, by somebody who was let in.
    func note(_ digest: Digest, of reference: RemoteReference, access: RegistryAccess) {
        tags[TagKey(reference: reference, access: access)] = (digest, .now)
    }

    /// What a tag was seen to name a moment ago, with the same credentials.
    func digest(of reference: RemoteReference, access: RegistryAccess) -> Digest? {
        guard let seen = tags[TagKey(reference: reference, access: access)], seen.time + Self.freshness > .now else {
            return nil
        }
        return seen.digest
    }
}
