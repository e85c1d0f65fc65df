import ImageStreams
import Importing
import Logging
import OCI

extension ImportScheduler {
    /// Looks whether the tags of a group have moved: one request for all that have the same credentials.
    func check(_ group: ImportSchedule.Group) async {
        let members = schedule.withLock { schedule in
            (schedule.groups[group]?.members ?? []).filter { schedule.tags[$0]?.plan.isDue != true }
        }
        var queries: [TagChecker.Query: [ImportSchedule.TagKey]] = [:]
        for member in members {
            let keyring = await keyrings.keyring(of: member.stream.namespace)
            guard
                let query = checker.query(for: group.source, insecure: group.isInsecure, credentials: keyring)
            else { continue }
            queries[query, default: []].append(member)
        }
        for (query, keys) in queries {
            let answer = await checker.check(query)
            if Task.isCancelled { return }
            await take(answer, of: group, for: keys)
        }
        schedule.withLock { $0.ended(group) }
    }

    private func take(
        _ answer: TagChecker.Answer, of group: ImportSchedule.Group, for keys: [ImportSchedule.TagKey]
    ) async {
        let time = now()
        var wanting: Set<StreamKey> = []
        switch answer {
        case .paused(let pause):
            metrics.checked(.paused)
            schedule.withLock { $0.postpone(group, until: time + pause.inMilliseconds) }
        case .failed(let error):
            metrics.checked(.failed)
            logger.debug("a scheduled look failed", metadata: ["image": "\(group.source)", "error": "\(error)"])
            let pause = error.retryAfter?.inMilliseconds ?? 0
            wanting = schedule.withLock { $0.checkFailed(group, keys, retryAfter: pause, now: time) }
        case .digest(let digest):
            let importer = importer
            let result = schedule.withLock { schedule in
                schedule.checked(group, keys, digest: digest.description, now: time) { plan in
                    importer.choice(from: digest, architecture: plan.preferredArchitecture, os: plan.preferredOS)?
                        .description
                }
            }
            wanting = result.wanting
            metrics.checked(wanting.isEmpty ? .unchanged : .changed)
            await save(result.changed)
        }
        for stream in wanting { queue.add(.importing(stream)) }
    }
}

extension Duration {
    /// Rounded up.
    var inMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
