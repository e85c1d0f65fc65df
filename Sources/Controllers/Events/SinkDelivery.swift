import APIMachinery
import APIServer
import Foundation
import ImageAPI
import ImageStreams
import Logging
import Store

/// The delivery to one sink: one event after the other, each until the sink has taken it, or does not want it, or the
/// event is not kept any longer.
struct SinkDelivery: Sendable {
    /// Events read at once.
    private static let page = 100
    private static let timeout: Duration = .seconds(10)
    /// Between two writes of the status of a sink that is well.
    private static let statusInterval: Duration = .seconds(10)
    /// Between two writes of the position while events are delivered: after a crash those in between come again.
    private static let positionInterval: Duration = .seconds(1)

    let dispatcher: EventDispatcher
    let key: EventDispatcher.Key
    let sink: EventSink
    let wakeup: Wakeup

    /// What the status says, and what is not written yet.
    private struct Progress {
        var delivered: Int64 = 0
        var rejected: Int64 = 0
        var lost: Int64 = 0
        var lastDelivery: Timestamp?
        var written = ContinuousClock.now - SinkDelivery.statusInterval
        var state = ""
        var positionWritten = ContinuousClock.now

        var hasNews: Bool { delivered > 0 || rejected > 0 || lost > 0 }
    }

    private enum End: Error {
        /// The event is not in the outbox any more.
        case expired
    }

    private var uid: String { sink.metadata.uid }

    /// Works until the task is cancelled.
    func run() async {
        var progress = Progress()
        while !Task.isCancelled {
            do {
                return try await deliver(&progress)
            } catch is CancellationError {
                break
            } catch StoreError.closed {
                return
            } catch {
                dispatcher.logger.warning(
                    "delivering events failed", metadata: ["sink": "\(key.namespace)/\(key.name)", "error": "\(error)"])
                try? await Task.sleep(for: .seconds(5))
            }
        }
    }

    private func deliver(_ progress: inout Progress) async throws {
        // A new sink hears of what comes after it.
        let first = try await dispatcher.position(of: uid)
        var position = first ?? Int64(sink.metadata.resourceVersion) ?? dispatcher.store.currentRevision
        if first == nil { try await dispatcher.save(position: position, of: uid) }
        if sink.spec.suspend { return await write(&progress, state: "Suspended") }
        let filter = EventFilter(sink)
        while !Task.isCancelled {
            let page = try await dispatcher.reader.events(after: position, limit: Self.page)
            for (index, (revision, event)) in page.events.enumerated() where filter.matches(event) {
                do { try await deliver(event, &progress) } catch End.expired {
                    progress.lost += 1
                    dispatcher.metrics.count(.lost)
                }
                // Only whole revisions are behind us.
                let isLast = index + 1 == page.events.count || page.events[index + 1].revision != revision
                if isLast, ContinuousClock.now - progress.positionWritten > Self.positionInterval {
                    position = revision
                    try await save(position, &progress)
                }
            }
            if page.through > position {
                let isWorthIt = !page.events.isEmpty || page.through > position + 10_000
                position = page.through
                if isWorthIt { try await save(position, &progress) }
            }
            if page.hasMore { continue }
            if progress.hasNews || progress.state != "Delivering" {
                let wait = Self.statusInterval - (ContinuousClock.now - progress.written)
                if progress.state != "Delivering" || wait <= .zero {
                    await write(&progress, state: "Delivering")
                } else {
                    await wakeup.sleep(atMost: wait)
                    continue
                }
            }
            await wakeup.sleep(atMost: .seconds(600))
        }
    }

    private func save(_ position: Int64, _ progress: inout Progress) async throws {
        progress.positionWritten = .now
        try await dispatcher.save(position: position, of: uid)
    }

    /// - Throws: `End.expired`, `CancellationError`.
    private func deliver(_ event: OutboxEvent, _ progress: inout Progress) async throws {
        var backoff = SinkBackoff()
        while true {
            try Task.checkCancellation()
            let failure: String
            var retryAfter: Duration?
            do throws(SinkFailure) {
                let answer = try await dispatcher.transport.post(
                    try await message(for: event), to: sink.spec.url, timeout: Self.timeout)
                switch answer.verdict {
                case .taken:
                    dispatcher.metrics.count(.delivered)
                    progress.delivered += 1
                    progress.lastDelivery = dispatcher.context().now
                    if progress.state == "Failing" { await write(&progress, state: "Delivering") }
                    return
                case .rejected:
                    dispatcher.metrics.count(.rejected)
                    progress.rejected += 1
                    return await write(
                        &progress, state: "Delivering", message: "the sink rejected an event with \(answer.status)")
                case .failed:
                    failure = "the sink answered \(answer.status)"
                    retryAfter = answer.retryAfter
                }
            } catch {
                failure = error.description
            }
            try Task.checkCancellation()
            dispatcher.metrics.count(.failed)
            let pause = backoff.failed(retryAfter: retryAfter, jitter: Double.random(in: 0...1))
            await write(&progress, state: "Failing", message: failure, attempts: backoff.attempts, pause: pause)
            dispatcher.logger.info(
                "an event was not delivered",
                metadata: [
                    "sink": "\(key.namespace)/\(key.name)", "event": "\(event.id)", "error": "\(failure)",
                    "again": "\(pause)",
                ])
            try await Task.sleep(for: pause)
            if try await dispatcher.store.get(LedgerKeys.outboxEntry(event.id)) == nil { throw End.expired }
        }
    }

    private func message(for event: OutboxEvent) async throws(SinkFailure) -> EventMessage {
        let format = EventSinkFormat(rawValue: sink.spec.format) ?? .cloudEvents
        var mediaType = ""
        if format == .distribution, let image = event.to?.image {
            mediaType =
                (try? await dispatcher.api.images.object(image, namespace: ""))?.dockerImageManifestMediaType ?? ""
        }
        var message = EventMessage(event, as: format, from: dispatcher.sender, mediaType: mediaType)
        if let reference = sink.spec.secret {
            // Read each time: a key that is replaced counts at once. Without the key nothing leaves the house.
            let secret = try? await dispatcher.secret(key.namespace, reference.name)
            guard let bytes = secret?.data[reference.key], !bytes.isEmpty else {
                throw SinkFailure("the secret \(reference.name) has no entry \(reference.key)")
            }
            message.sign(id: event.id, time: Int64(Date().timeIntervalSince1970), key: bytes)
        }
        return message
    }

    /// Writes the status; what cannot be written is told the next time.
    private func write(
        _ progress: inout Progress, state: String, message: String = "", attempts: Int = 0, pause: Duration? = nil
    ) async {
        let snapshot = progress
        let now = dispatcher.context().now
        let generation = sink.metadata.generation
        do {
            try await dispatcher.api.recordDelivery(
                to: key.name, namespace: key.namespace, dispatcher.context()
            ) { status in
                status.observedGeneration = generation
                status.state = state
                status.message = message
                status.delivered += snapshot.delivered
                status.rejected += snapshot.rejected
                status.lost += snapshot.lost
                status.attempts = Int64(attempts)
                status.lastDeliveryTime = snapshot.lastDelivery ?? status.lastDeliveryTime
                status.nextAttemptTime = pause.map {
                    Timestamp(secondsSince1970: now.secondsSince1970 + ($0.inMilliseconds + 999) / 1_000)
                }
            }
            progress.delivered = 0
            progress.rejected = 0
            progress.lost = 0
            progress.state = state
            progress.written = .now
        } catch let error as APIError where error.reason == "NotFound" {
            return
        } catch is CancellationError {
            return
        } catch {
            dispatcher.logger.info(
                "the status of an event sink was not written",
                metadata: ["sink": "\(key.namespace)/\(key.name)", "error": "\(error)"])
        }
    }
}
