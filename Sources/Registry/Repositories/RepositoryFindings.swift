import OCI
import Synchronization

/// What one request has found out about a repository, so that it finds out everything once (spec/registry.md Y-4): whoever
/// pushes can have very many lists name very much.
///
/// A class because the copies of a repository share it.
final class RepositoryFindings: Sendable {
    struct State: Sendable {
        var contents: StreamContents?
        /// Whether what a manifest names may be given out as far as it vouches for that. False also for one that is being
        /// looked at: lists that name each other end there.
        var givesParts: [Digest: Bool] = [:]
        /// When tag events last brought images into the stream.
        var arrivals: [BlobName: Int64] = [:]
        /// Digests that one request may look through, of those that manifests do not vouch for.
        var patience = 4_000_000
    }

    let state = Mutex(State())

    /// - Throws: 403 `DENIED` where a request would have to look through too much.
    func look(through count: Int) throws {
        try Task.checkCancellation()
        let patience = state.withLock { state in
            state.patience -= count
            return state.patience
        }
        guard patience >= 0 else {
            throw RegistryError.denied("too many manifests would have to be looked through to tell who may see this")
        }
    }
}
