import JSON
import OCI
import Store
import Synchronization

/// What refers to images elsewhere, as their registries said last (spec/registry.md PT-25).
///
/// A class because all requests share it. Bounded: what is forgotten is asked for once more.
final class UpstreamReferrers: Sendable {
    private struct Key: Hashable {
        var stream: String
        var digest: Digest
    }

    private struct List {
        var descriptors: [JSONValue]
        var time: ContinuousClock.Instant
    }

    private struct State {
        var lists: BoundedCache<Key, List> = .init(maximumBytes: 8 << 20)
        var subjects: BoundedCache<Key, Digest> = .init(maximumBytes: 2 << 20)
    }

    static let freshness: Duration = .seconds(600)

    private let state = Mutex(State())

    /// What was said lately; nil where that is too long ago.
    /// - Parameter stream: its UID.
    func known(_ subject: Digest, in stream: String) -> [JSONValue]? {
        guard let list = state.withLock({ $0.lists.value(for: Key(stream: stream, digest: subject)) }),
            list.time + Self.freshness > .now
        else { return nil }
        return list.descriptors
    }

    func remember(_ descriptors: [JSONValue], of subject: Digest, in stream: String) {
        let bytes = descriptors.reduce(0) { $0 + $1.jsonBytes().count * 4 }
        state.withLock { state in
            _ = state.lists.set(
                Key(stream: stream, digest: subject), List(descriptors: descriptors, time: .now), bytes: bytes)
            for descriptor in descriptors {
                guard let digest = descriptor["digest"]?.stringValue.flatMap({ Digest($0) }) else { continue }
                _ = state.subjects.set(Key(stream: stream, digest: digest), subject, bytes: 200)
            }
        }
    }

    /// What a manifest was said to refer to; nil where nobody said that lately.
    func subject(of referrer: Digest, in stream: String) -> Digest? {
        state.withLock { $0.subjects.value(for: Key(stream: stream, digest: referrer)) }
    }
}
