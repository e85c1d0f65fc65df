import APIMachinery
import APIServer
import ImageAPI
import ImageStreams
import Importing
import Logging
import OCI

extension ImportScheduler {
    private typealias Wishes = [ImportSchedule.TagKey: ImportSchedule.Wish]

    /// Imports those tags of a stream that wait for it.
    func importTags(of key: StreamKey) async {
        let began = now()
        var wishes = schedule.withLock { $0.takeWishes(of: key, began) }
        if wishes.isEmpty { return }
        do {
            guard let stream = try await api.streams.object(key.name, namespace: key.namespace) else {
                return putBack(wishes, after: 60_000)
            }
            wishes = await holdBack(wishes)
            guard !wishes.isEmpty,
                let request = ImportDecision.request(for: stream, tags: Set(wishes.keys.map(\.tag)))
            else { return putBack(wishes, after: 60_000) }
            let isScheduled = wishes.values.contains { $0 != .retry }
            if isScheduled { try await pacer.pass() }
            var context = context()
            context.namespace = key.namespace
            context.cause = isScheduled ? "schedule" : "retry"
            let result = try await api.runImport(request, isBackground: true, context)
            metrics.imported(result, of: key, isScheduled: isScheduled)
            await take(result, wishes, of: key)
        } catch is CancellationError {
            return
        } catch let error as APIError where error.reason == "Conflict" || error.reason == "NotFound" {
            // The stream has changed or gone since it was read.
            putBack(wishes, after: 1_000)
        } catch let error as APIError where error.reason == "Forbidden" || error.reason == "Invalid" {
            await refuse(wishes, error.status)
        } catch {
            logger.warning(
                "a scheduled import failed",
                metadata: ["stream": "\(key.namespace)/\(key.name)", "error": "\(error)"])
            putBack(wishes, after: 30_000)
        }
        let time = now()
        schedule.withLock { $0.arm(key, time) }
    }

    private func putBack(_ wishes: Wishes, after pause: Int64) {
        let time = now() + pause
        schedule.withLock { $0.putBack(wishes, until: time) }
    }

    /// Puts those tags off whose registry wants to be left alone.
    /// - Returns: the others.
    private func holdBack(_ wishes: Wishes) async -> Wishes {
        var rest = wishes
        for (key, wish) in wishes {
            guard let plan = schedule.withLock({ $0.tags[key]?.plan }) else { continue }
            let keyring = await keyrings.keyring(of: key.stream.namespace)
            guard let query = checker.query(for: plan.from, insecure: plan.isInsecure, credentials: keyring),
                let pause = checker.pause(for: query)
            else { continue }
            rest[key] = nil
            metrics.checked(.paused)
            // A little later than it says, and not all at once.
            putBack([key: wish], after: pause.inMilliseconds + Int64(StableHash.of("\(key)") % 2_000) + 50)
        }
        return rest
    }

    private func take(_ result: ImageStreamImport, _ wishes: Wishes, of stream: StreamKey) async {
        let time = now()
        var changed: [ImportSchedule.TagKey] = []
        var failures = 0
        let asked = Set(result.spec.images.compactMap(\.to?.name))
        // What the stream had no use for when it was read: it may have by now.
        putBack(wishes.filter { !asked.contains($0.key.tag) }, after: 60_000)
        for (item, outcome) in zip(result.spec.images, result.status.images) {
            guard let tag = item.to?.name else { continue }
            let key = ImportSchedule.TagKey(stream: stream, tag: tag)
            if outcome.status.status == "Failure" {
                failures += 1
                if fail(key, outcome.status, time) { changed.append(key) }
            } else if let image = outcome.image?.metadata.name {
                var list = ""
                if case .changed(let digest) = wishes[key], digest != image, isTaken(image, from: digest, for: key) {
                    list = digest
                }
                if schedule.withLock({ [list] in $0.succeeded(key, image: image, list: list) }) { changed.append(key) }
            }
        }
        logger.info(
            "imported",
            metadata: [
                "stream": "\(stream.namespace)/\(stream.name)", "images": "\(result.status.images.count)",
                "failed": "\(failures)",
            ])
        await save(changed)
    }

    /// Whether an image is what a list has for the platform of a tag.
    private func isTaken(_ image: String, from list: String, for key: ImportSchedule.TagKey) -> Bool {
        guard let digest = Digest(list), let plan = schedule.withLock({ $0.tags[key]?.plan }) else { return false }
        return importer.choice(from: digest, architecture: plan.preferredArchitecture, os: plan.preferredOS)?
            .description == image
    }

    private func fail(_ key: ImportSchedule.TagKey, _ status: Status, _ time: Int64) -> Bool {
        let failure = TagImportPlan.Failure(
            reason: ImportCondition.reason(of: status), message: status.message, time: time / 1_000)
        let retryAfter = Int64(status.details?.retryAfterSeconds ?? 0) * 1_000
        return schedule.withLock { $0.failed(key, failure, retryAfter: retryAfter, now: time) }
    }

    /// The whole import was refused, such as for a limit.
    private func refuse(_ wishes: Wishes, _ status: Status) async {
        let time = now()
        await save(wishes.keys.filter { fail($0, status, time) })
    }
}
