import ImageAPI
import ImageStreams
import Store
import Synchronization

/// The contents of streams, as they were computed last.
///
/// A class because all requests share it.
final class StreamContentsCache: Sendable {
    private struct Known {
        var revision: String
        var version: LayerVersion
        var contents: StreamContents
    }

    private struct State {
        var cache: BoundedCache<RepositoryPath, Known>
        /// Those that did not fit last, of one stream: to compute them again for each request would take seconds.
        var large: (path: RepositoryPath, known: Known)?
    }

    private let streams: ImageStreamsAPI
    private let maximumBytes: Int
    private let state: Mutex<State>
    /// Those who want the same wait for the first.
    private let turns = KeyedLocks<String>()

    init(streams: ImageStreamsAPI, maximumBytes: Int = 8 << 20) {
        self.streams = streams
        self.maximumBytes = maximumBytes
        state = Mutex(State(cache: BoundedCache(maximumBytes: maximumBytes)))
    }

    func contents(of stream: ImageStream, at path: RepositoryPath) async throws -> StreamContents {
        if let known = known(stream, at: path) { return known }
        return try await turns.withLock(path.description) {
            if let known = known(stream, at: path) { return known }
            // What changes from here on makes the answer out of date.
            let version = streams.layerVersion
            // It may take long: connections that share the event loop must not wait for it.
            let contents = try await withTaskExecutorPreference(globalConcurrentExecutor) { [streams] in
                try await StreamContents(of: stream) { try await streams.layerRecord(of: $0) }
            }
            let known = Known(revision: stream.metadata.resourceVersion, version: version, contents: contents)
            keep(known, at: path)
            return contents
        }
    }

    private func keep(_ known: Known, at path: RepositoryPath) {
        let bytes = known.contents.bytes
        // What goes for it is let go of outside the lock.
        _ = state.withLock { state -> [Known] in
            var dropped: [Known] = []
            if bytes > maximumBytes / 2 {
                if let large = state.large { dropped.append(large.known) }
                state.large = (path, known)
                state.cache.remove(path)
                return dropped
            }
            if let large = state.large, large.path == path {
                dropped.append(large.known)
                state.large = nil
            }
            return dropped + state.cache.set(path, known, bytes: bytes)
        }
    }

    private func known(_ stream: ImageStream, at path: RepositoryPath) -> StreamContents? {
        let version = streams.layerVersion
        let known = state.withLock { state in
            state.large?.path == path ? state.large?.known : state.cache.value(for: path)
        }
        guard let known, known.revision == stream.metadata.resourceVersion, known.version.change == version.change,
            !known.contents.hasMissingImages || known.version.creation == version.creation
        else { return nil }
        return known.contents
    }
}
