import ImageStreams
import Testing

@testable import Controllers

/// A schedule with a clock that only moves when it is told to.
struct VirtualClock {
    var schedule: ImportSchedule
    var now: Int64
    var checks: [(time: Int64, group: ImportSchedule.Group)] = []
    var imports: [(time: Int64, stream: StreamKey)] = []
    var notes: [(time: Int64, stream: StreamKey)] = []

    init(_ now: Int64 = 1_000_000_000, records: [ImportSchedule.TagKey: ImportRecord] = [:], from: Int64? = nil) {
        schedule = ImportSchedule(interval: 900, records: records, resumedFrom: from)
        self.now = now
    }

    mutating func note(_ name: String, _ plans: TagImportPlan..., uid: String = "1") -> ImportSchedule.Outcome {
        schedule.note(Self.stream(name), uid: uid, plans: plans, now: now)
    }

    /// Moves on, and does at each moment what is due then.
    mutating func advance(_ milliseconds: Int64) {
        let end = now + milliseconds
        while let due = schedule.nextDue, due <= end {
            now = max(now, due)
            for work in schedule.takeDue(now) {
                switch work {
                case .check(let group):
                    checks.append((now, group))
                    schedule.ended(group)
                case .importing(let stream): imports.append((now, stream))
                case .noting(let stream): notes.append((now, stream))
                }
            }
        }
        now = end
    }

    /// Makes the imports that wait in a stream, all of which fail.
    mutating func fail(_ name: String, _ failure: TagImportPlan.Failure, retryAfter: Int64 = 0) -> Int {
        let wishes = schedule.takeWishes(of: Self.stream(name), now)
        for key in wishes.keys { _ = schedule.failed(key, failure, retryAfter: retryAfter, now: now) }
        return wishes.count
    }

    static func stream(_ name: String) -> StreamKey { StreamKey(namespace: "p", name: name) }
    static func key(_ name: String, _ tag: String = "1") -> ImportSchedule.TagKey {
        .init(stream: stream(name), tag: tag)
    }
}

func plan(
    _ tag: String = "1", from: String = "r.example/app:1", every seconds: Int64? = 900, jitter: Int64 = 0,
    retries: ImportRetries = .unlimited, image: String = "sha256:a", failure: TagImportPlan.Failure? = nil
) -> TagImportPlan {
    TagImportPlan(
        tag: tag, from: from, cadence: seconds.map { ImportCadence(.every($0), jitter: jitter) }, retries: retries,
        image: image, failure: failure)
}

func failure(_ reason: String, _ message: String = "m", at time: Int64 = 1_000_000) -> TagImportPlan.Failure {
    .init(reason: reason, message: message, time: time)
}
