import APIServer
import Blobs
import ImageStreams
import Logging
import OCI
import Store

/// Reads all blobs again and follows every reference (spec/registry.md 5.8).
///
/// It locks nothing but one digest at a time, for a repair, and changes nothing unless it is asked to. What pushes and the
/// collector do meanwhile is no finding: what looks wrong is looked at a second time, with the digest's lock held.
public struct RegistryVerifier: Sendable {
    let index: RegistryIndex
    let content: RegistryContent
    let streams: ImageStreamsAPI
    let contents: StreamContentsCache
    let namespaces: any NamespaceLookup
    let logger: Logger

    public init(
        index: RegistryIndex, blobs: any BlobStore, streams: ImageStreamsAPI, namespaces: any NamespaceLookup,
        logger: Logger
    ) {
        self.index = index
        content = RegistryContent(blobs: blobs, index: index, maximumBytes: 0)
        self.streams = streams
        contents = StreamContentsCache(streams: streams)
        self.namespaces = namespaces
        self.logger = logger
    }

    /// What a verification is to do.
    public struct Request: Hashable, Sendable {
        /// Read the bytes of all blobs. Otherwise only what is there is compared with what should be.
        public var readsBytes = true
        /// Mend what can be mended without losing anything: records of blobs are brought in line with the files.
        public var repairs = false
        /// Put blobs aside whose bytes are wrong, so that they can be pushed again.
        public var quarantines = false

        public init() {}
    }

    public enum Event: Sendable {
        case finding(VerificationFinding)
        /// Comes now and then.
        case progress(VerificationTally)
    }

    /// Rows that are read at a time.
    static let page = 1_000

    /// - Parameter onEvent: gets what is found, one after the other. What it throws ends the verification.
    /// - Throws: what the store or the disk throws where nothing can be read at all, `CancellationError`.
    public func run(
        _ request: Request, onEvent: @escaping (Event) async throws -> Void
    ) async throws -> VerificationTally {
        if request.repairs || request.quarantines, try await content.blobs.space().isReadOnly {
            throw BlobError.readOnly
        }
        let run = VerificationRun(request, onEvent)
        if request.readsBytes { try await verifyFiles(run) }
        try await verifyRecords(run)
        if request.readsBytes { try await verifyAliases(run) }
        try await verifyStreams(run)
        try await verifyRepositories(run)
        return run.tally
    }
}

/// What one verification has seen so far. One task uses it.
final class VerificationRun {
    let request: RegistryVerifier.Request
    private let onEvent: (RegistryVerifier.Event) async throws -> Void
    var tally = VerificationTally()
    /// Images with all they are made of, so that none is looked at twice.
    var whole = DigestSet()
    /// What is wrong with the others; the first of them.
    var broken: [Digest: [VerificationFinding]] = [:]

    /// Broken images that are remembered. The rest is found again where it is named again.
    static let maximumBroken = 10_000
    private static let interval: Duration = .milliseconds(500)
    private var told = ContinuousClock.now

    init(
        _ request: RegistryVerifier.Request, _ onEvent: @escaping (RegistryVerifier.Event) async throws -> Void
    ) {
        self.request = request
        self.onEvent = onEvent
    }

    func report(_ finding: VerificationFinding) async throws {
        if finding.isOpen { tally.broken += 1 }
        if finding.repair != nil { tally.repaired += 1 }
        try await onEvent(.finding(finding))
    }

    func advance(_ change: (inout VerificationTally) -> Void) async throws {
        try Task.checkCancellation()
        change(&tally)
        guard ContinuousClock.now - told > Self.interval else { return }
        told = .now
        try await onEvent(.progress(tally))
    }
}
