import APIMachinery
import APIServer
import ImageAPI

/// An Image that becomes the newest of some tags of a stream, in one write (spec/image-resources.md 16.2;
/// spec/registry.md N-5, P-9).
public struct TagPush: Sendable {
    /// What happens where another push has moved one of the tags meanwhile.
    public enum Race: Sendable {
        /// The other push stays and this one gets 409.
        case firstWins
        /// This push comes after the other one, in the history as well.
        case lastWins
    }

    /// The name of the Image.
    public var image: String
    /// The pull spec of the events.
    public var reference: String
    /// Distinct; none for a push by digest, which changes no tag.
    public var tags: [String]
    public var race: Race
    /// Looked at in the same write: the stream before it. Throws what the client is to get.
    public var precondition: @Sendable (ImageStream) throws -> Void
    /// Rows that go into the same transaction.
    public var companions: @Sendable (ImageStream) async throws -> Companions

    public init(
        image: String, reference: String, tags: [String], race: Race,
        precondition: @escaping @Sendable (ImageStream) throws -> Void = { _ in },
        companions: @escaping @Sendable (ImageStream) async throws -> Companions = { _ in .none }
    ) {
        self.image = image
        self.reference = reference
        self.tags = tags
        self.race = race
        self.precondition = precondition
        self.companions = companions
    }
}

extension TagPush {
    /// The stream with the push in its status.
    fileprivate func applied(to stream: ImageStream, at time: Timestamp) -> ImageStream {
        var changed = stream
        for tag in tags {
            var event = TagEvent()
            event.created = time
            event.dockerImageReference = reference
            event.image = image
            event.generation = stream.metadata.generation
            if changed.status.addEvent(event, to: tag) { TagTracking.propagate(from: tag, in: &changed) }
        }
        return changed
    }
}

extension TagStore {
    /// Makes the event the newest of each tag, and passes it on to the tags that follow them. A lost race is run again.
    /// - Throws: `APIError`; what the precondition throws.
    func push(
        _ push: TagPush, to name: String, options: WriteOptions, _ context: RequestContext
    ) async throws {
        var stream = try await requireStream(name, context)
        for _ in 0..<Self.attempts {
            try push.precondition(stream)
            let heads = push.tags.map { stream.status.head(of: $0) }
            let new = push.applied(to: stream, at: context.now)
            do {
                _ = try await streams.update(
                    name, strategy: ImageStreamStatusStrategy(rules: rules),
                    options: WriteOptions(isDryRun: options.isDryRun), context, companions: push.companions,
                    change: ObjectChange(isPatch: false) { _ in new })
                return
            } catch let error as APIError where error.reason == "Conflict" {
                stream = try await requireStream(name, context)
                let hasMoved = zip(push.tags, heads).contains { tag, head in
                    !Self.isSame(head, stream.status.head(of: tag))
                }
                if hasMoved && push.race == .firstWins { throw error }
            }
        }
        throw APIError.plain("timed out waiting for the condition")
    }

    /// Finds out whether a push would be refused as the stream is now, without writing anything. Its precondition is the
    /// caller's.
    /// - Throws: `APIError`, as the push would.
    func check(_ push: TagPush, to stream: ImageStream, _ context: RequestContext) async throws {
        var new = push.applied(to: stream, at: context.now)
        let failures = try await rules.ledger.check(&new, old: stream, context)
        guard failures.isEmpty else {
            throw APIError.invalid(ImageStreamsGroup.resource("imagestreams"), stream.metadata.name, failures)
        }
    }

    /// Whether a tag still points where it did, or did not point anywhere.
    static func isSame(_ before: TagEvent?, _ after: TagEvent?) -> Bool {
        guard let before else { return true }
        return before.image == after?.image && before.dockerImageReference == after?.dockerImageReference
    }
}
