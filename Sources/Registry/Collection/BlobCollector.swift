import APIServer
import Blobs
import ImageAPI
import ImageStreams
import Logging
import OCI
import Store

/// Removes what nothing refers to, while the registry works on (spec/registry.md 5.6).
///
/// Nothing is locked but one digest at a time, and everything is a conditional write: whoever uses something that is about
/// to go has won. What a run leaves undone, the next one does; it keeps no state but that in the rows.
///
/// A blob goes in two steps, each after a grace period in which nobody used it: it is given up, which anybody who needs it
/// takes back; then its row goes, and after another look at what has come meanwhile, its bytes.
public struct BlobCollector: Sendable {
    let index: RegistryIndex
    let content: RegistryContent
    let streams: ImageStreamsAPI
    let namespaces: any NamespaceLookup
    /// Is told where links go.
    let storage: NamespaceStorage?
    /// Nil where nobody can turn them.
    let switches: RegistrySwitches?
    let settings: CollectionSettings
    let pace: CollectionPace
    let logger: Logger

    public init(
        index: RegistryIndex, blobs: any BlobStore, streams: ImageStreamsAPI, namespaces: any NamespaceLookup,
        storage: NamespaceStorage? = nil, switches: RegistrySwitches? = nil,
        settings: CollectionSettings = CollectionSettings(), load: RegistryLoad, logger: Logger
    ) {
        self.index = index
        content = RegistryContent(blobs: blobs, index: index, maximumBytes: 0)
        self.streams = streams
        self.namespaces = namespaces
        self.storage = storage
        self.switches = switches
        self.settings = settings
        pace = CollectionPace(load)
        self.logger = logger
    }

    /// What a run is to do.
    public struct Request: Sendable {
        /// Only look.
        public var isDryRun: Bool
        /// Also look at all files, for those without a row.
        public var looksForOrphans: Bool

        public init(isDryRun: Bool = false, looksForOrphans: Bool = true) {
            self.isDryRun = isDryRun
            self.looksForOrphans = looksForOrphans
        }
    }

    /// One run. Only one at a time works on a store.
    ///
    /// - Parameter progress: gets what was found so far, now and then.
    /// - Returns: what was found; complete where nothing is thrown.
    /// - Throws: what the store or the disk throws, `CancellationError`. What has been done by then is done.
    public func run(
        _ request: Request, progress: (BlobCollectionStatus) async -> Void = { _ in }
    ) async throws -> BlobCollectionStatus {
        if !request.isDryRun {
            // Rows must not go where their bytes cannot.
            guard try await !content.blobs.space().isReadOnly else { throw BlobError.readOnly }
            try await requireWritable(request)
            try await index.flushTouches()
        }
        pace.begin()
        let start = index.now()
        let snapshot = CollectionSnapshot(index.store)
        var findings = CollectionFindings()
        var mark = CollectionMark(snapshot, index, content, pace)
        mark.cutoffs = try await cacheCutoffs(snapshot)
        mark.idle = try await idleBlobs(mark.cutoffs, now: start)
        try await purgeUploads(request, &findings, now: start)
        let live = try await markRepositories(request, &mark, &findings, now: start)
        findings.status.message = mark.problems.joined(separator: "; ")
        await progress(findings.complete)
        try await removeDeadRows(request, snapshot, live, &findings)
        try await passBlobs(request, &mark, &findings, now: start, progress: progress)
        try await removeAliases(request)
        if request.looksForOrphans { try await removeOrphans(request, &mark, &findings) }
        return findings.complete
    }

    /// Ends a run that changes something where the registry is read-only by now (5.9).
    func requireWritable(_ request: Request) async throws {
        if !request.isDryRun, try await switches?.isOn(.readOnly) == true { throw ReadOnlyRegistry() }
    }

    /// How long a run has to wait that nobody asks for; nil where it may begin.
    func pause() async throws -> Duration? {
        let wait = settings.hours?.wait(at: index.now()) ?? 0
        if wait > 0 { return .milliseconds(wait) }
        for name in RegistrySwitch.allCases where try await switches?.isOn(name) == true {
            return .milliseconds(min(settings.interval, 60_000))
        }
        return nil
    }

    /// When a row was used last, as far as anybody knows.
    func lastUse(of key: String, known: Int64) -> Int64 { max(known, index.touches.time(of: key) ?? .min) }

    /// Whether a row has been used since the run began, and nobody has written that down yet.
    func isTouched(_ key: String, since start: Int64) -> Bool {
        index.touches.time(of: key).map { $0 >= start - 60_000 } ?? false
    }
}
