import ImageStreams
import Synchronization

/// The images that are to be copied, and how far that is. Only a memory of what was seen: after a restart all of them are
/// looked at again.
///
/// A class because the tasks of the controller share it. Bounded by what streams ask for.
final class MirrorBacklog: Sendable {
    /// One image of one stream.
    struct Item: Hashable, Sendable {
        var stream: StreamKey
        /// Its digest.
        var image: String
    }

    enum State: String, CaseIterable, Sendable {
        case waiting
        /// It was found to be here as a whole.
        case complete
        /// It is tried again later.
        case failed
    }

    private let states = Mutex<[StreamKey: [String: State]]>([:])

    /// A stream wants these images now, and no others.
    /// - Returns: those that it did not want before.
    func note(_ stream: StreamKey, wants images: [String]) -> [Item] {
        states.withLock { states in
            guard !images.isEmpty else {
                states[stream] = nil
                return []
            }
            let known = states[stream] ?? [:]
            states[stream] = Dictionary(images.map { ($0, known[$0] ?? .waiting) }, uniquingKeysWith: { $1 })
            return images.filter { known[$0] == nil }.map { Item(stream: stream, image: $0) }
        }
    }

    /// Forgets all streams but these.
    func forget(besides present: Set<StreamKey>) {
        states.withLock { states in states = states.filter { present.contains($0.key) } }
    }

    func wants(_ item: Item) -> Bool { states.withLock { $0[item.stream]?[item.image] != nil } }

    /// Notes what came of a try.
    /// - Returns: whether the stream begins, or ceases, to have images that failed.
    func set(_ item: Item, _ state: State) -> Bool {
        states.withLock { states in
            guard var images = states[item.stream], images[item.image] != nil else { return false }
            let failed = images.values.contains(.failed)
            images[item.image] = state
            states[item.stream] = images
            return failed != images.values.contains(.failed)
        }
    }

    /// All that are not waiting for another try.
    func settled() -> [Item] {
        states.withLock { states in
            states.flatMap { stream, images in
                images.filter { $0.value == .complete }.map { Item(stream: stream, image: $0.key) }
            }
        }
    }

    /// Images by their state.
    func counts() -> [State: Int] {
        states.withLock { states in
            states.values.reduce(into: [:]) { counts, images in
                for state in images.values { counts[state, default: 0] += 1 }
            }
        }
    }
}
