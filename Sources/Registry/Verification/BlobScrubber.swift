import APIMachinery
import APIServer
import Blobs
import ImageAPI
import Logging
import OCI
import Store

/// Reads all blobs again, slowly and again and again, and puts those aside whose bytes are wrong (spec/registry.md W-17).
///
/// They are missing then: the next push brings them back, and so does the next pull where they came from elsewhere. What a
/// disk does not give back is told, and stays. A server that ends loses at most the last seconds of a scrub.
public struct BlobScrubber: Sendable {
    public struct Settings: Sendable {
        /// Milliseconds from the beginning of one scrub to that of the next; 0 for none.
        public var interval: Int64 = 2_592_000_000
        public var bytesPerSecond: Int64 = 20 << 20
        /// How often it is written down how far it is.
        var savePeriod: Duration = .seconds(10)

        public init() {}
    }

    private let verifier: RegistryVerifier
    private let switches: RegistrySwitches?
    private let settings: Settings
    private let metrics: ScrubMetrics?
    private let recorder: any EventRecorder

    private static let page = 200
    /// How often it is looked whether the registry may be written to again.
    private static let readOnlyPause: Duration = .seconds(10)

    /// - Parameter recorder: tells people of streams that a blob of theirs was damaged.
    public init(
        _ verifier: RegistryVerifier, switches: RegistrySwitches? = nil, settings: Settings,
        metrics: ScrubMetrics? = nil, recorder: any EventRecorder = NoEventRecorder()
    ) {
        self.verifier = verifier
        self.switches = switches
        self.settings = settings
        self.metrics = metrics
        self.recorder = recorder
    }

    private var index: RegistryIndex { verifier.index }
    private var blobs: any BlobStore { verifier.content.blobs }

    /// Works until the task is cancelled.
    public func run() async {
        guard settings.interval > 0 else { return }
        // Not at once: a server that has just started has other things to do.
        try? await Task.sleep(for: .milliseconds(min(settings.interval, 300_000)))
        while !Task.isCancelled {
            do {
                let next = try await scrub()
                try await Task.sleep(for: .milliseconds(min(next, 3_600_000)))
            } catch is CancellationError {
                return
            } catch {
                verifier.logger.warning("reading all blobs again failed", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(60))
            }
        }
    }

    /// Ends the scrub that has begun, or does one that is due.
    /// - Returns: milliseconds until the next one is.
    func scrub() async throws -> Int64 {
        let row = try await index.store.get(RegistryKeys.scrub)
        var record = row.flatMap { ScrubRecord(decoding: $0.value) }
        if let known = record, known.isComplete {
            let (due, isNever) = known.started.addingReportingOverflow(settings.interval)
            let wait = isNever ? .max : due - index.now()
            // A clock that was wrong once must not hold it up for ever.
            if wait > 0, wait <= settings.interval { return wait }
            record = nil
        }
        try await read(record ?? ScrubRecord(started: index.now()))
        return 0
    }

    private func read(_ start: ScrubRecord) async throws {
        var record = start
        var pace = ScrubPace(bytesPerSecond: settings.bytesPerSecond)
        var saved = ContinuousClock.now
        while true {
            let page = try await blobs.blobs(after: record.last, limit: Self.page)
            guard !page.isEmpty else { break }
            for blob in page {
                try Task.checkCancellation()
                while try await switches?.isOn(.readOnly) == true { try await Task.sleep(for: Self.readOnlyPause) }
                try await read(blob, &record, &pace)
                record.last = blob.digest
                if ContinuousClock.now - saved > settings.savePeriod {
                    try await save(record)
                    saved = .now
                }
            }
        }
        record.isComplete = true
        try await save(record)
        metrics?.complete(at: index.now() / 1_000)
        verifier.logger.info(
            "read all blobs again",
            metadata: [
                "blobs": "\(record.blobs)", "bytes": "\(record.bytes)", "damaged": "\(record.damaged)",
            ])
    }

    private func save(_ record: ScrubRecord) async throws {
        _ = try await index.store.commit(
            Transaction(mutations: [.put(key: RegistryKeys.scrub, value: record.encoded)]))
    }

    // MARK: One blob

    private func read(_ blob: StoredBlob, _ record: inout ScrubRecord, _ pace: inout ScrubPace) async throws {
        let state = try await blobs.state(of: blob.digest) { count in
            metrics?.read(bytes: count)
            if let pause = pace.read(count) { try? await Task.sleep(for: pause) }
        }
        record.blobs += 1
        record.bytes += blob.size
        switch state {
        case .intact: metrics?.read(.intact)
        case .absent: break
        case .damaged, .unreadable(.corrupt):
            guard try await putAside(blob.digest) else { break }
            metrics?.read(.damaged)
            record.damaged += 1
        case .unreadable(let error):
            metrics?.read(.unreadable)
            verifier.logger.error(
                "a blob cannot be read", metadata: ["digest": "\(blob.digest)", "error": "\(error)"])
        }
    }

    /// - Returns: whether it was damaged still, and is put aside.
    private func putAside(_ digest: Digest) async throws -> Bool {
        let repositories = try await index.blob(digest)?.repositories ?? []
        do {
            guard try await verifier.quarantine(digest) else { return false }
        } catch let error as BlobError {
            // The others are not to wait for it.
            metrics?.read(.unreadable)
            verifier.logger.error(
                "a damaged blob cannot be put aside", metadata: ["digest": "\(digest)", "error": "\(error)"])
            return false
        }
        for path in repositories {
            guard let stream = try await verifier.streams.stream(path.stream, namespace: path.namespace) else {
                continue
            }
            let object = ObjectReference(
                kind: ImageStream.groupVersionKind.kind, namespace: path.namespace, name: path.stream,
                uid: stream.metadata.uid, apiVersion: ImageStream.groupVersionKind.apiVersion)
            await recorder.record(
                Occurrence(
                    .warning, of: object, reason: "DamagedBlob",
                    message: "blob \(digest) was damaged and is missing now, unless it can be had from elsewhere: push "
                        + "the images with it again"))
        }
        return true
    }
}
