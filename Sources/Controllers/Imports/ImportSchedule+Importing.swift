import APIMachinery
import ImageStreams

extension ImportSchedule {
    /// Marks the tags of a stream whose try is due.
    mutating func wishRetries(of stream: StreamKey, _ now: Int64) {
        for name in streams[stream] ?? [] {
            let key = TagKey(stream: stream, tag: name)
            _ = withTag(key) { state in
                guard state.running == nil, let due = state.retry?.due, due <= now else { return }
                guard state.wish == nil else { return }
                state.wish = .retry
                state.notBefore = now
            }
        }
    }

    /// What a check of a group found.
    ///
    /// - Parameters:
    ///   - members: those the answer is for: their credentials gave it.
    ///   - digest: of what the registry has.
    ///   - choice: the image that is taken out of a list of that digest for a tag, if that is known.
    /// - Returns: the streams that have something to import now, and the tags whose records have changed.
    mutating func checked(
        _ group: Group, _ members: [TagKey], digest: String, now: Int64, choice: (TagImportPlan) -> String?
    ) -> (wanting: Set<StreamKey>, changed: [TagKey]) {
        var wanting: Set<StreamKey> = []
        var changed: [TagKey] = []
        for key in members {
            guard let state = tags[key], state.group == group else { continue }
            // The import that is under way brings it.
            if state.running != nil, state.following == digest { continue }
            if isNews(digest, state, choice) {
                _ = withTag(key) { state in
                    state.wish = .changed(digest)
                    state.notBefore = now
                }
                begin(change: key, of: group, now: now)
                wanting.insert(key.stream)
            } else if state.plan.image != digest, state.record?.list != digest {
                changed.append(key)
                _ = withTag(key) { state in
                    var record = state.record ?? ImportRecord(uid: state.uid, identity: state.plan.identity)
                    record.list = digest
                    record.image = state.plan.image
                    state.record = record
                }
            }
        }
        return (wanting, changed)
    }

    /// A check failed: tags that were good until now are imported, which will say exactly why it cannot be done. Those
    /// that have failed before have their tries.
    ///
    /// - Parameter retryAfter: milliseconds that the registry wants to pass.
    /// - Returns: the streams that have something to import now.
    mutating func checkFailed(
        _ group: Group, _ members: [TagKey], retryAfter: Int64 = 0, now: Int64
    ) -> Set<StreamKey> {
        let time = now + min(max(retryAfter, 0), Self.longestRetryAfter)
        var wanting: Set<StreamKey> = []
        for key in members {
            guard let state = tags[key], state.group == group, state.plan.failure == nil else { continue }
            _ = withTag(key) { state in
                state.wish = .changed("")
                state.notBefore = time
            }
            begin(change: key, of: group, now: now)
            if time > now { arm(.importing(key.stream), time) } else { wanting.insert(key.stream) }
        }
        return wanting
    }

    /// Whether a digest is something else than what a tag has. In Legacy mode the tag has an image out of the list.
    private func isNews(_ digest: String, _ state: TagState, _ choice: (TagImportPlan) -> String?) -> Bool {
        if state.plan.failure != nil || state.plan.image.isEmpty { return true }
        if state.plan.image == digest { return false }
        if let record = state.record, record.list == digest, record.image == state.plan.image { return false }
        return choice(state.plan) != state.plan.image
    }

    /// Takes the tags of a stream that wait for their import, and need not wait longer.
    mutating func takeWishes(of stream: StreamKey, _ now: Int64) -> [TagKey: Wish] {
        var wishes: [TagKey: Wish] = [:]
        // One import of a stream at a time: whoever is at it has the others wait.
        for name in streams[stream] ?? [] {
            let key = TagKey(stream: stream, tag: name)
            guard let state = tags[key], let wish = state.wish, state.notBefore <= now else { continue }
            wishes[key] = wish
            _ = withTag(key) { state in
                state.wish = nil
                state.running = state.retry?.attempt ?? 0
                if case .changed(let digest) = wish { state.following = digest } else { state.following = nil }
            }
        }
        return wishes
    }

    /// An import could not be made at all, such as for a lost race: the tags wait again, for their next turn.
    mutating func putBack(_ wishes: [TagKey: Wish], until time: Int64) {
        for (key, wish) in wishes {
            _ = withTag(key) { state in
                if state.wish == nil {
                    state.wish = wish
                    state.notBefore = time
                }
                state.running = nil
            }
        }
        for stream in Set(wishes.keys.map(\.stream)) where streams[stream] != nil { arm(.importing(stream), time) }
    }

    /// An import of a tag was made and was good.
    ///
    /// - Parameter image: that the tag has now.
    /// - Parameter list: the manifest list that it was taken out of, if so.
    /// - Returns: whether the record has changed.
    mutating func succeeded(_ key: TagKey, image: String, list: String) -> Bool {
        end(change: key)
        return withTag(key) { state in
            let before = state.record
            state.retry = nil
            state.running = nil
            var record = state.record ?? ImportRecord(uid: state.uid, identity: state.plan.identity)
            record.list = list
            record.image = list.isEmpty ? "" : image
            record.attempt = 0
            record.due = 0
            state.record = record.isEmpty ? nil : record
            return before != state.record
        } ?? false
    }

    /// An import of a tag was made and failed.
    ///
    /// - Parameter retryAfter: milliseconds that the registry wants to pass.
    /// - Returns: whether the record has changed.
    mutating func failed(
        _ key: TagKey, _ failure: TagImportPlan.Failure, retryAfter: Int64, now: Int64
    ) -> Bool {
        let interval = interval
        let pause = min(max(retryAfter, 0), Self.longestRetryAfter)
        end(change: key)
        let changed = withTag(key) { state in
            let before = state.record
            let attempt = (state.running ?? state.retry?.attempt ?? 0) + 1
            state.running = nil
            var retry = Retry(attempt: attempt, due: nil)
            if state.plan.retries.allows(attempt),
                let delay = failure.failureClass.delay(attempt: attempt, interval: interval)
            {
                let seed = StableHash.mix(StableHash.of("\(key)"), UInt64(attempt))
                retry.due = now + max(Self.jittered(delay, seed), pause + Int64(seed % 1_000))
            }
            state.retry = retry
            var record = state.record ?? ImportRecord(uid: state.uid, identity: state.plan.identity)
            record.attempt = retry.attempt
            record.due = retry.due ?? 0
            state.record = record
            return before != state.record
        }
        arm(key.stream, now)
        return changed ?? false
    }

    /// What a failed tag says of its next try; nil where it says nothing.
    func retryNote(of state: TagState, _ now: Int64) -> ImageStreamsAPI.RetryNote? {
        guard state.plan.retries != .never, let retry = state.retry else { return nil }
        var count = "attempt \(retry.attempt)"
        if case .atMost(let limit) = state.plan.retries { count += " of \(limit)" }
        guard let due = retry.due else {
            let isFinal = state.plan.failure?.failureClass == .final
            return .init(
                isPending: false, reason: isFinal ? "NotRetryable" : "RetriesExhausted",
                message: isFinal
                    ? "another attempt would end the same" : "no further attempt after \(retry.attempt - 1)")
        }
        let time = Timestamp(secondsSince1970: (due + 999) / 1_000)
        return .init(isPending: true, reason: "Scheduled", message: "\(count) at \(time)")
    }

    /// What the failed tags of a stream say of their next try.
    func retryNotes(of stream: StreamKey, _ now: Int64) -> [String: ImageStreamsAPI.RetryNote] {
        var notes: [String: ImageStreamsAPI.RetryNote] = [:]
        for name in streams[stream] ?? [] {
            guard let state = tags[TagKey(stream: stream, tag: name)], state.plan.failure != nil,
                state.running == nil
            else { continue }
            notes[name] = retryNote(of: state, now)
        }
        return notes
    }
}
