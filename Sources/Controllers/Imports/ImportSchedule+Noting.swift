import ImageStreams

extension ImportSchedule {
    /// What people are told: an import that failed in a new way, or that is good again.
    struct Transition: Sendable, Hashable {
        var key: TagKey
        var uid: String
        /// Nil for an import that is good again.
        var failure: TagImportPlan.Failure?
        /// The pull spec.
        var from: String
    }

    /// What follows from a look at a stream.
    struct Outcome: Sendable {
        var transitions: [Transition] = []
        /// Tags whose record has changed; it is in their state, or gone.
        var changed: Set<TagKey> = []
    }

    /// Takes in a stream as it is now.
    ///
    /// - Parameter exists: whether the stream still has a tag of that name.
    mutating func note(
        _ stream: StreamKey, uid: String, plans: [TagImportPlan], now: Int64, exists: (String) -> Bool = { _ in true }
    ) -> Outcome {
        var outcome = Outcome()
        let names = plans.map(\.tag)
        let present = Set(names)
        for name in streams[stream] ?? [] where !present.contains(name) {
            let key = TagKey(stream: stream, tag: name)
            if let state = tags[key] { leaveOff(key, state, exists: exists(name), &outcome) }
            forget(key)
        }
        for plan in plans { note(TagKey(stream: stream, tag: plan.tag), uid: uid, plan, now, &outcome) }
        setTags(names, of: stream)
        arm(stream, now)
        return outcome
    }

    /// A stream that has gone takes everything with it.
    mutating func remove(_ stream: StreamKey) -> Outcome {
        var outcome = Outcome()
        for name in streams[stream] ?? [] {
            let key = TagKey(stream: stream, tag: name)
            if tags[key]?.record != nil { outcome.changed.insert(key) }
            forget(key)
        }
        setTags([], of: stream)
        return outcome
    }

    /// A tag about which nothing is to be done any more: it is good now, or has gone.
    private func leaveOff(_ key: TagKey, _ state: TagState, exists: Bool, _ outcome: inout Outcome) {
        guard let record = state.record else { return }
        outcome.changed.insert(key)
        if exists, !record.told.isEmpty {
            outcome.transitions.append(Transition(key: key, uid: state.uid, from: state.plan.from))
        }
    }

    private mutating func note(
        _ key: TagKey, uid: String, _ plan: TagImportPlan, _ now: Int64, _ outcome: inout Outcome
    ) {
        let before = tags[key]
        var state = before ?? TagState(uid: uid, plan: plan, record: takeRecord(key))
        let isSame = state.uid == uid && (before == nil || before?.plan.identity == plan.identity)
        state.uid = uid
        state.plan = plan
        if !isSame {
            state.retry = nil
            state.wish = nil
        }
        let old = state.record
        if let record = old, record.uid != uid || record.identity != plan.identity {
            // What people were told of stays so until it is taken back.
            var fresh = ImportRecord(uid: uid, identity: plan.identity)
            if record.uid == uid { fresh.told = record.told }
            state.record = fresh
        }
        if let failure = plan.failure {
            noteFailure(key, failure, &state, now, &outcome)
        } else {
            state.retry = nil
            if state.wish == .retry { state.wish = nil }
            if var record = state.record {
                if !record.told.isEmpty {
                    outcome.transitions.append(Transition(key: key, uid: uid, from: plan.from))
                }
                record.told = ""
                record.attempt = 0
                record.due = 0
                state.record = record.isEmpty ? nil : record
            }
        }
        if state.record != old { outcome.changed.insert(key) }
        let group = plan.cadence.map { Group(source: plan.from, isInsecure: plan.isInsecure, cadence: $0) }
        if let known = state.group, known != group { leave(key, known) }
        let isNew = group != nil && state.group != group
        state.group = group
        insert(key, state)
        if isNew, let group { join(key, group, now: now) }
    }

    private func noteFailure(
        _ key: TagKey, _ failure: TagImportPlan.Failure, _ state: inout TagState, _ now: Int64,
        _ outcome: inout Outcome
    ) {
        var record = state.record ?? ImportRecord(uid: state.uid, identity: state.plan.identity)
        if record.told != failure.fingerprint {
            outcome.transitions.append(
                Transition(key: key, uid: state.uid, failure: failure, from: state.plan.from))
            record.told = failure.fingerprint
        }
        if state.retry == nil {
            let seed = StableHash.of("\(key)")
            if record.attempt > 0 {
                // From before a restart. What was missed meanwhile is spread.
                var due: Int64? = record.due > 0 ? record.due : nil
                if let time = due, time <= now { due = now + Int64(seed % 30_000) }
                state.retry = Retry(attempt: record.attempt, due: due)
            } else {
                var retry = firstRetry(of: state.plan, failure, seed)
                if let time = retry.due, time <= now { retry.due = now + Int64(seed % 5_000) }
                state.retry = retry
            }
        }
        record.attempt = state.retry?.attempt ?? 0
        record.due = state.retry?.due ?? 0
        state.record = record
    }

    private func firstRetry(of plan: TagImportPlan, _ failure: TagImportPlan.Failure, _ seed: UInt64) -> Retry {
        guard plan.retries.allows(1), let delay = failure.failureClass.delay(attempt: 1, interval: interval) else {
            return Retry(attempt: 1, due: nil)
        }
        return Retry(attempt: 1, due: failure.time * 1_000 + Self.jittered(delay, seed))
    }

    /// Up to a quarter more.
    static func jittered(_ delay: Int64, _ seed: UInt64) -> Int64 {
        delay + Int64(seed % UInt64(max(1, delay / 4)))
    }

    /// Sets the alarms of a stream: for its next try, and for saying so.
    mutating func arm(_ stream: StreamKey, _ now: Int64) {
        let states = (streams[stream] ?? []).compactMap { tags[TagKey(stream: stream, tag: $0)] }
        let dues = states.filter { $0.running == nil }.compactMap { state in
            if state.wish == nil { return state.retry?.due }
            return state.notBefore > now ? state.notBefore : nil
        }
        if let first = dues.min() { arm(.importing(stream), first) }
        if states.contains(where: { $0.plan.failure != nil && needsNote($0, now) }) {
            arm(.noting(stream), now + Self.settling)
        }
    }

    private func needsNote(_ state: TagState, _ now: Int64) -> Bool {
        guard state.plan.failure != nil, let note = retryNote(of: state, now) else { return false }
        if state.running != nil { return false }
        // What is tried again before anybody reads it needs no words.
        if let due = state.retry?.due, due <= now + Self.settling { return false }
        return state.plan.retryNote != note.message
    }
}
