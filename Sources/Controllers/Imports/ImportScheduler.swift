import APIMachinery
import APIServer
import Foundation
import ImageAPI
import ImageStreams
import Importing
import Logging
import Store
import Synchronization

/// Looks at scheduled tags again and again, tries failed imports again, and tells people of both
/// (spec/import-and-controllers.md B.6, H.4; spec/users-want.md, section 6, 1, 3 and 5).
///
/// A look is one HEAD for all tags with the same source and credentials. Only what has changed is imported, as by a
/// client. All state is in the streams, and in rows beside them for what streams do not say. A class because its tasks
/// share the schedule.
public final class ImportScheduler: Sendable {
    /// What is being worked on at a time.
    static let workers = 24
    /// Milliseconds between two writes of how far the schedule was followed.
    static let watermarkInterval: Int64 = 30_000

    let api: ImageStreamsAPI
    let importer: Importer
    let checker: TagChecker
    let records: ImportRecords
    let metrics: ImportMetrics
    let recorder: any EventRecorder
    let context: @Sendable () -> RequestContext
    let logger: Logger
    let keyrings: KeyringCache
    let pacer: Pacer
    let schedule: Mutex<ImportSchedule>
    let queue = WorkQueue<ImportSchedule.Work>()
    let wakeup = Wakeup()
    /// Milliseconds since 1970.
    let now: @Sendable () -> Int64

    var settings: ImportSettings { api.configuration.imports }

    /// - Parameters:
    ///   - importer: the one that the API's imports are made by, so that what one learns the other knows.
    ///   - recorder: tells people of images that could not be imported, and of those that can again.
    ///   - context: makes the context of one import; its user is the server itself.
    public init(
        api: ImageStreamsAPI, importer: Importer, store: Store, metrics: ImportMetrics,
        recorder: any EventRecorder = NoEventRecorder(), context: @escaping @Sendable () -> RequestContext,
        logger: Logger, now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000) }
    ) {
        self.api = api
        self.importer = importer
        checker = TagChecker(importer: importer)
        records = ImportRecords(store: store)
        self.metrics = metrics
        self.recorder = recorder
        self.context = context
        self.logger = logger
        self.now = now
        keyrings = KeyringCache(api: api)
        pacer = Pacer(perMinute: api.configuration.imports.importsPerMinute)
        schedule = Mutex(ImportSchedule(interval: api.configuration.imports.interval))
    }

    /// Works until the task is cancelled or the store ends.
    public func run() async {
        guard await restore() else { return }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.workers { group.addTask { await self.work() } }
            group.addTask { await self.followClock() }
            await followStreams()
            queue.close()
            group.cancelAll()
        }
    }

    /// - Returns: false where the server ends before.
    private func restore() async -> Bool {
        while !Task.isCancelled {
            do {
                let (stored, watermark) = try await records.load()
                schedule.withLock {
                    $0 = ImportSchedule(interval: settings.interval, records: stored, resumedFrom: watermark)
                }
                return true
            } catch StoreError.closed {
                return false
            } catch {
                logger.warning("the state of imports could not be read", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
        return false
    }

    // MARK: Time

    private func followClock() async {
        var saved: Int64 = 0
        while !Task.isCancelled {
            let time = now()
            let (work, next, watermark) = schedule.withLock { schedule in
                (schedule.takeDue(time), schedule.nextDue, schedule.watermark(time))
            }
            for item in work { queue.add(item) }
            if time - saved >= Self.watermarkInterval, schedule.withLock({ !$0.groups.isEmpty }) {
                saved = time
                await attempt("the time of the schedule could not be written") {
                    try await records.save(watermark: watermark)
                }
            }
            let longest = schedule.withLock { $0.groups.isEmpty } ? 3_600_000 : Self.watermarkInterval
            let pause = min(max((next ?? .max) == .max ? longest : (next ?? time) - time, 0), longest)
            if pause > 0 { await wakeup.sleep(atMost: .milliseconds(pause)) }
        }
    }

    // MARK: Streams

    private func followStreams() async {
        while !Task.isCancelled {
            do {
                let watch = try await api.streams.watch(ListOptions(), context())
                var present: Set<StreamKey> = []
                while case let events = try await watch.initialEvents(), !events.isEmpty {
                    for event in events { present.insert(StreamKey(namespace: event.namespace, name: event.name)) }
                    await note(events)
                }
                await forget(besides: present)
                while !Task.isCancelled, !watch.isEnded {
                    await note(try await watch.next(deadline: .now + .seconds(3_600)))
                }
                if watch.isEnded { return }
            } catch is CancellationError {
                return
            } catch {
                logger.warning("following image streams failed", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func note(_ events: [WatchEvent<ImageStream>]) async {
        var outcome = ImportSchedule.Outcome()
        for event in events {
            let key = StreamKey(namespace: event.namespace, name: event.name)
            let next: ImportSchedule.Outcome
            if event.kind == .deleted {
                next = schedule.withLock { $0.remove(key) }
            } else if let stream = try? event.object.object() {
                let plans = ImportDecision.plans(of: stream, settings: settings)
                let time = now()
                next = schedule.withLock {
                    if plans.isEmpty, $0.streams[key] == nil { return .init() }
                    return $0.note(key, uid: stream.metadata.uid, plans: plans, now: time) {
                        ImportDecision.hasTag($0, stream)
                    }
                }
            } else {
                continue
            }
            outcome.transitions += next.transitions
            outcome.changed.formUnion(next.changed)
        }
        await finish(outcome)
        wakeup.ring()
    }

    private func forget(besides present: Set<StreamKey>) async {
        var outcome = ImportSchedule.Outcome()
        let stale = schedule.withLock { schedule in
            for key in schedule.streams(besides: present) {
                outcome.changed.formUnion(schedule.remove(key).changed)
            }
            return schedule.caughtUp()
        }
        outcome.changed.formUnion(stale)
        await finish(outcome)
    }

    /// Stores what has changed, and tells people.
    private func finish(_ outcome: ImportSchedule.Outcome) async {
        // Told first: a crash in between tells twice, which only counts the event up, and never not at all.
        await tell(outcome.transitions)
        await save(outcome.changed)
    }

    func save(_ keys: some Collection<ImportSchedule.TagKey>) async {
        if keys.isEmpty { return }
        let rows = schedule.withLock { schedule in keys.map { ($0, schedule.tags[$0]?.record) } }
        await attempt("the state of imports could not be written") { try await records.save(rows) }
    }

    func attempt(_ failure: Logger.Message, _ body: () async throws -> Void) async {
        do { try await body() } catch is CancellationError {
            return
        } catch StoreError.closed {
            return
        } catch {
            logger.warning(failure, metadata: ["error": "\(error)"])
        }
    }

    // MARK: Work

    private func work() async {
        while let item = await queue.take() {
            switch item {
            case .check(let group): await check(group)
            case .importing(let stream): await importTags(of: stream)
            case .noting(let stream): await noteRetries(of: stream)
            }
            queue.done(item, hasFailed: false)
            wakeup.ring()
        }
    }

    private func noteRetries(of stream: StreamKey) async {
        let time = now()
        let notes = schedule.withLock { $0.retryNotes(of: stream, time) }
        if notes.isEmpty { return }
        await attempt("the next attempt could not be noted") {
            try await api.noteRetries(notes, stream: stream.name, namespace: stream.namespace, context())
        }
    }
}
