import APIMachinery
import APIServer
import ImageAPI
import JSON

extension ImageStreamsAPI {
    /// The secrets that images of a namespace are pulled with.
    public func pullSecrets(in namespace: String) async throws -> [Secret] {
        try await imports.secrets.pullSecrets(in: namespace).items
    }

    /// What tags with a failed import say of their next try.
    public struct RetryNote: Sendable, Hashable {
        /// Whether there will be another try.
        public var isPending: Bool
        /// For programs: one word.
        public var reason: String
        /// For people: the number of the try, and its time.
        public var message: String

        public init(isPending: Bool, reason: String, message: String) {
            self.isPending = isPending
            self.reason = reason
            self.message = message
        }
    }

    /// Puts the condition `ImportRetry` behind the condition of the failure, on the tags that still have one.
    ///
    /// A write of the status alone: no generation moves, and no event of a tag comes of it.
    /// - Throws: `APIError`; nothing for a stream that is gone.
    public func noteRetries(
        _ notes: [String: RetryNote], stream name: String, namespace: String, _ context: RequestContext
    ) async throws {
        var context = context
        context.namespace = namespace
        context.resource = ImageStreamsGroup.resource("imagestreams")
        for attempt in 1...TagStore.attempts {
            guard let stream = try await streams.object(name, namespace: namespace) else { return }
            var changed = stream
            for index in changed.status.tags.indices {
                guard let note = notes[changed.status.tags[index].tag] else { continue }
                changed.status.tags[index].note(note, now: context.now)
            }
            if changed == stream { return }
            let final = changed
            do {
                _ = try await streams.update(
                    name, strategy: ImageStreamStrategy(rules: tags.rules, writer: .server), options: WriteOptions(),
                    context, change: ObjectChange(isPatch: false) { _ in final })
                return
            } catch let error as APIError where error.reason == "NotFound" {
                return
            } catch let error as APIError where error.reason == "Conflict" && attempt < TagStore.attempts {
                continue
            }
        }
    }
}

extension NamedTagEventList {
    /// Says of a failed import when the next try is.
    fileprivate mutating func note(_ note: ImageStreamsAPI.RetryNote, now: Timestamp) {
        guard let failure = conditions.first(where: { $0.type == ImportCondition.type && $0.status == "False" }) else {
            return
        }
        let status = note.isPending ? "True" : "False"
        let before = conditions.first { $0.type == ImportCondition.retry }
        if let before, before.status == status, before.reason == note.reason, before.message == note.message { return }
        conditions.removeAll { $0.type == ImportCondition.retry }
        conditions.append(
            TagEventCondition(
                type: ImportCondition.retry, status: status,
                lastTransitionTime: before?.status == status ? before?.lastTransitionTime ?? now : now,
                reason: note.reason, message: note.message, generation: failure.generation))
    }
}
