import HeapModule
import ImageStreams

/// When which tag is looked at by schedule, or tried again after a failure. Pure: the caller brings the time, in
/// milliseconds since 1970.
///
/// Tags with the same source and the same cadence are one *group*, which is due as a whole: their registry is asked once.
/// The times of a group follow from its name alone, so that a restart changes nothing. What was due while nobody was
/// there is done soon after, spread over a while.
struct ImportSchedule: Sendable {
    /// A tag of a stream.
    struct TagKey: Hashable, Sendable {
        var stream: StreamKey
        var tag: String
    }

    /// Tags that are looked at together.
    struct Group: Hashable, Sendable {
        /// The pull spec, with everything that makes two checks different but credentials.
        var source: String
        var isInsecure: Bool
        var cadence: ImportCadence

        var seed: UInt64 { StableHash.of("\(source)\u{0}\(cadence.rule)") }
    }

    /// What is due.
    enum Work: Hashable, Sendable {
        /// Look whether the tags of a group have moved.
        case check(Group)
        /// Import those tags of a stream that wait for it.
        case importing(StreamKey)
        /// Say when the failed tags of a stream are tried again.
        case noting(StreamKey)
    }

    struct GroupState: Sendable {
        var members: Set<TagKey> = []
        /// The occurrence that comes next, without its jitter.
        var base: Int64 = 0
        var due: Int64?
    }

    struct TagState: Sendable {
        var uid: String
        var plan: TagImportPlan
        var group: Group?
        var retry: Retry?
        /// What is stored of the tag.
        var record: ImportRecord?
        /// Waiting for its import, and why.
        var wish: Wish?
        /// When the import that it waits for may be made at the earliest.
        var notBefore: Int64 = 0
        /// The number of the try that is being made: 0 for an import that is none.
        var running: Int?
        /// What the import under way is made for: a check that finds the same again wants no other.
        var following: String?
    }

    /// The next try of a failed import.
    struct Retry: Sendable, Hashable {
        /// The number of the try, from 1 on.
        var attempt: Int
        /// Nil where there is none: the failure is final, or they are used up.
        var due: Int64?
    }

    enum Wish: Sendable, Hashable {
        /// The registry has something else than the tag; the digest of what it said.
        case changed(String)
        case retry
    }

    private struct Alarm: Comparable {
        let due: Int64
        let number: UInt64
        let work: Work
        static func < (left: Alarm, right: Alarm) -> Bool { (left.due, left.number) < (right.due, right.number) }
        static func == (left: Alarm, right: Alarm) -> Bool { left.number == right.number }
    }

    /// A registry that wants to be left alone is believed for so many milliseconds.
    static let longestRetryAfter: Int64 = 86_400_000

    /// A failure that will be tried again sooner than this, in milliseconds, is not written about: most are over then.
    static let settling: Int64 = 15_000

    private(set) var tags: [TagKey: TagState] = [:]
    private(set) var streams: [StreamKey: [String]] = [:]
    private(set) var groups: [Group: GroupState] = [:]
    /// What is stored of tags that have not been seen yet.
    private var records: [TagKey: ImportRecord]
    /// Up to when the schedule was followed before the start; nil once it has caught up, or where nothing is known.
    private var resumedFrom: Int64?
    private var alarms = Heap<Alarm>()
    private var lastAlarm: UInt64 = 0
    /// Times of streams' work, so that what is older in the heap is known to be so.
    private var streamAlarms: [Work: Int64] = [:]
    /// Checks that are being made, and imports that follow from them, with the time they were due.
    private var checks: [Group: Int64] = [:]
    private var changes: [TagKey: Int64] = [:]
    let interval: Int64

    /// - Parameters:
    ///   - interval: of the schedule, in seconds.
    ///   - records: what is stored of tags.
    ///   - resumedFrom: up to when the schedule was followed, before the start.
    init(interval: Int64, records: [TagKey: ImportRecord] = [:], resumedFrom: Int64? = nil) {
        self.interval = interval
        self.records = records
        self.resumedFrom = resumedFrom
    }

    /// Everything that exists has been noted.
    ///
    /// - Returns: records of what does not exist any more.
    mutating func caughtUp() -> [TagKey] {
        resumedFrom = nil
        defer { records = [:] }
        return Array(records.keys)
    }

    // MARK: Time

    var nextDue: Int64? { alarms.min?.due }

    /// What is due, oldest first; at most `limit` of it.
    mutating func takeDue(_ now: Int64, limit: Int = 1_000) -> [Work] {
        var due: [Work] = []
        while due.count < limit, let first = alarms.min, first.due <= now {
            alarms.removeMin()
            guard isCurrent(first) else { continue }
            if case .check(let group) = first.work {
                checks[group] = now
                plan(group, after: max(groups[group]?.base ?? now, now))
            } else {
                streamAlarms[first.work] = nil
                if case .importing(let key) = first.work {
                    wishRetries(of: key, now)
                    arm(key, now)
                }
            }
            due.append(first.work)
        }
        return due
    }

    private func isCurrent(_ alarm: Alarm) -> Bool {
        if case .check(let group) = alarm.work { return groups[group]?.due == alarm.due }
        return streamAlarms[alarm.work] == alarm.due
    }

    private mutating func push(_ work: Work, _ due: Int64) {
        lastAlarm += 1
        alarms.insert(Alarm(due: due, number: lastAlarm, work: work))
    }

    /// The earlier of two times counts.
    mutating func arm(_ work: Work, _ due: Int64) {
        if let known = streamAlarms[work], known <= due { return }
        streamAlarms[work] = due
        push(work, due)
    }

    // MARK: Groups

    private mutating func plan(_ group: Group, after time: Int64) {
        let seed = group.seed
        guard let base = group.cadence.following(time, seed: seed) else {
            groups[group]?.due = nil
            return
        }
        let due = base + group.cadence.delay(of: base, seed: seed)
        groups[group]?.base = base
        groups[group]?.due = due
        push(.check(group), due)
    }

    mutating func join(_ key: TagKey, _ group: Group, now: Int64) {
        if groups[group] != nil {
            groups[group]?.members.insert(key)
            return
        }
        groups[group] = GroupState(members: [key])
        let seed = group.seed
        if let from = resumedFrom, let missed = group.cadence.occurrence(after: from, seed: seed), missed <= now {
            let due = now + Int64(StableHash.mix(seed, 1) % UInt64(group.cadence.catchUpWindow))
            groups[group]?.base = now
            groups[group]?.due = due
            push(.check(group), due)
        } else {
            plan(group, after: now)
        }
    }

    mutating func leave(_ key: TagKey, _ group: Group) {
        groups[group]?.members.remove(key)
        if groups[group]?.members.isEmpty == true { groups[group] = nil }
    }

    /// Puts a check off, because its registry wants to be left alone: until then, and a little later.
    mutating func postpone(_ group: Group, until time: Int64) {
        guard groups[group] != nil else { return }
        let window = UInt64(min(group.cadence.catchUpWindow, 60_000))
        let due = time + Int64(StableHash.mix(group.seed, UInt64(bitPattern: time)) % window)
        groups[group]?.due = due
        push(.check(group), due)
    }

    // MARK: Work under way

    /// Up to when everything that was due has been done: what came later has to be looked at again after a crash.
    func watermark(_ now: Int64) -> Int64 { min(now, checks.values.min() ?? now, changes.values.min() ?? now) }

    /// A check has been made, whatever came of it.
    mutating func ended(_ group: Group) { checks[group] = nil }

    mutating func begin(change key: TagKey, of group: Group, now: Int64) { changes[key] = checks[group] ?? now }

    mutating func end(change key: TagKey) { changes[key] = nil }

    // MARK: Changing what is known

    mutating func withTag<Result>(_ key: TagKey, _ change: (inout TagState) -> Result) -> Result? {
        guard tags[key] != nil else { return nil }
        return tags[key].map { state in
            var state = state
            let result = change(&state)
            tags[key] = state
            return result
        }
    }

    mutating func insert(_ key: TagKey, _ state: TagState) { tags[key] = state }

    mutating func takeRecord(_ key: TagKey) -> ImportRecord? { records.removeValue(forKey: key) }

    mutating func forget(_ key: TagKey) {
        guard let state = tags.removeValue(forKey: key) else { return }
        end(change: key)
        if let group = state.group { leave(key, group) }
    }

    mutating func setTags(_ names: [String], of stream: StreamKey) {
        streams[stream] = names.isEmpty ? nil : names
        if names.isEmpty {
            streamAlarms[.importing(stream)] = nil
            streamAlarms[.noting(stream)] = nil
        }
    }

    /// Streams that are known and not among these.
    func streams(besides present: Set<StreamKey>) -> [StreamKey] { streams.keys.filter { !present.contains($0) } }
}

/// A stream, by namespace and name.
struct StreamKey: Hashable, Sendable {
    var namespace: String
    var name: String
}
