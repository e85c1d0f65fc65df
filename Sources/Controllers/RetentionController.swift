import APIMachinery
import APIServer
import ImageAPI
import ImageStreams
import Logging

/// Runs retention policies: each when it is made or changed, and then once an interval (spec/registry.md 5.6 GC-9).
///
/// Does nothing while there are no policies.
public struct RetentionController: Sendable {
    private let retention: Retention
    private let recorder: any EventRecorder
    private let metrics: RetentionMetrics?
    private let context: @Sendable () -> RequestContext
    private let logger: Logger

    /// Streams of one run that people are told of by events.
    static let maximumEvents = 50

    /// - Parameters:
    ///   - recorder: tells people what streams have lost.
    ///   - context: makes the context of one run; its user is the server itself.
    public init(
        retention: Retention, recorder: any EventRecorder = NoEventRecorder(), metrics: RetentionMetrics? = nil,
        context: @escaping @Sendable () -> RequestContext, logger: Logger
    ) {
        self.retention = retention
        self.recorder = recorder
        self.metrics = metrics
        self.context = context
        self.logger = logger
    }

    /// Works until the task is cancelled or the store ends.
    public func run() async {
        var schedule = RetentionSchedule(minimumInterval: retention.minimumInterval)
        while !Task.isCancelled {
            do {
                return try await follow(&schedule)
            } catch is CancellationError {
                return
            } catch {
                logger.warning("following retention policies failed", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func follow(_ schedule: inout RetentionSchedule) async throws {
        let watch = try await retention.policies.watch(ListOptions(), context())
        var present = Set<RetentionSchedule.Key>()
        while case let events = try await watch.initialEvents(), !events.isEmpty {
            for event in events { present.insert(try note(event, in: &schedule)) }
        }
        schedule.keep(only: present)
        while !Task.isCancelled && !watch.isEnded {
            while let key = schedule.takeDue(.now) {
                await run(key)
                try Task.checkCancellation()
            }
            let far = ContinuousClock.now + .seconds(3_600)
            for event in try await watch.next(deadline: min(schedule.nextDue ?? far, far)) {
                _ = try note(event, in: &schedule)
            }
        }
    }

    private func note(
        _ event: WatchEvent<RetentionPolicy>, in schedule: inout RetentionSchedule
    ) throws -> RetentionSchedule.Key {
        let key = RetentionSchedule.Key(namespace: event.namespace, name: event.name)
        if event.kind == .deleted {
            schedule.remove(key)
        } else {
            let policy = try event.object.object()
            schedule.note(
                key, version: .init(uid: policy.metadata.uid, generation: policy.metadata.generation),
                interval: Retention.interval(of: policy), now: .now)
        }
        return key
    }

    private func run(_ key: RetentionSchedule.Key) async {
        let context = context()
        do {
            guard let run = try await retention.run(key.name, namespace: key.namespace, context) else { return }
            try await retention.record(run, context)
            metrics?.ran(run)
            await tell(run)
        } catch is CancellationError {
            return
        } catch {
            metrics?.failed()
            logger.warning(
                "retention failed", metadata: ["policy": "\(key.namespace)/\(key.name)", "error": "\(error)"])
        }
    }

    private func tell(_ run: Retention.Run) async {
        let policy = run.policy.metadata
        if run.failures > 0 {
            logger.warning(
                "retention left streams out",
                metadata: [
                    "policy": "\(policy.namespace)/\(policy.name)", "failed": "\(run.failures)",
                    "first": "\(run.message)",
                ])
        }
        guard run.result != RetentionResult() else { return }
        logger.info(
            run.isEnforced ? "retention removed" : "retention would remove",
            metadata: [
                "policy": "\(policy.namespace)/\(policy.name)", "streams": "\(run.result.streams)",
                "tags": "\(run.result.tags)", "revisions": "\(run.result.revisions)", "bytes": "\(run.result.bytes)",
            ])
        guard run.isEnforced || run.isWarning else { return }
        for outcome in run.streams.prefix(Self.maximumEvents) {
            await recorder.record(
                Occurrence(
                    run.isEnforced ? .normal : .warning,
                    of: ObjectReference(
                        kind: ImageStream.groupVersionKind.kind, namespace: policy.namespace, name: outcome.name,
                        uid: outcome.uid, apiVersion: ImageStream.groupVersionKind.apiVersion),
                    reason: run.isEnforced ? "RetentionApplied" : "RetentionWouldApply",
                    message: Self.message(outcome.result, of: policy.name, isEnforced: run.isEnforced)))
        }
    }

    static func message(_ result: RetentionResult, of policy: String, isEnforced: Bool) -> String {
        let verb = isEnforced ? "removed" : "would remove"
        let tags = result.tags == 0 ? "" : " and \(result.tags) whole tag\(result.tags == 1 ? "" : "s")"
        return
            "retention policy \(policy) \(verb) \(result.revisions) image\(result.revisions == 1 ? "" : "s") of tags\(tags)"
    }
}
