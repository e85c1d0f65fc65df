import APIMachinery
import APIServer
import ImageAPI
import JSON

/// Where the tag resources find streams and Images.
struct TagStore: Sendable {
    let streams: ObjectStore<ImageStream>
    let images: ObjectStore<Image>
    let rules: ImageStreamRules
    let authorizer: any Authorizer
    let quota: any ObjectQuota

    /// How often a change that can be computed again is tried against other writers of its stream. Each lost race means
    /// that another one was won, so this bounds how many writers at a time all get through.
    static let attempts = 64

    /// A stream as clients see it; nil where there is none.
    func stream(_ name: String, _ context: RequestContext) async throws -> ImageStream? {
        try await streams.object(name, namespace: context.namespace).map(presented)
    }

    /// A stream as clients see it.
    /// - Throws: 404 naming the resource of the request.
    func requireStream(_ name: String, _ context: RequestContext) async throws -> ImageStream {
        presented(try await streams.require(name, context))
    }

    func presented(_ stream: ImageStream) -> ImageStream { rules.location.presented(stream) ?? stream }

    func image(_ name: String) async throws -> Image? { try await images.object(name, namespace: "") }

    /// The Image of an event as tags show it; nil where there is none.
    func embeddedImage(of event: TagEvent?, _ context: RequestContext) async throws -> Image? {
        guard let digest = event?.image.nonEmpty, let image = try await image(digest) else { return nil }
        return try EmbeddedImage.complete(image, now: context.now)
    }

    /// Stores a stream that a tag operation made or changed, bound to the revision it was read at.
    func write(
        _ stream: ImageStream, isNew: Bool, options: WriteOptions, _ context: RequestContext,
        companions: Companions = .none
    ) async throws -> ImageStream {
        let forwarded = WriteOptions(isDryRun: options.isDryRun)
        if isNew {
            var fresh = stream
            fresh.metadata.resourceVersion = ""
            return try await streams.create(
                fresh, strategy: ImageStreamStrategy(rules: rules, writer: .client), options: forwarded, context)
        }
        return try await streams.update(
            stream.metadata.name, strategy: ImageStreamStrategy(rules: rules, writer: .server), options: forwarded,
            context, companions: { _ in companions }, change: ObjectChange(isPatch: false) { _ in stream })
    }

    /// An empty stream that does not exist yet.
    func synthetic(_ name: String, _ context: RequestContext) -> ImageStream {
        var stream = ImageStream()
        stream.metadata.name = name
        stream.metadata.namespace = context.namespace
        stream.metadata.uid = UUID4.random()
        stream.metadata.creationTimestamp = context.now
        return stream
    }

    /// Updating a tag of a missing stream creates one, which takes a permission of its own (12.7).
    func requireCreate(_ name: String, _ context: RequestContext) async throws {
        let attributes = AccessAttributes(
            verb: "create", group: context.resource.group, resource: context.resource.resource,
            namespace: context.namespace, name: name)
        let decision = try await authorizer.authorize(context.user, attributes)
        if decision.isAllowed { return }
        var text =
            "User \(goQuoted(context.user.name)) cannot create resource \(goQuoted(context.resource.resource)) in API group \(goQuoted(context.resource.group)) in the namespace \(goQuoted(context.namespace))"
        if !decision.reason.isEmpty { text += ": \(decision.reason)" }
        throw APIError.forbidden(context.resource, name, text)
    }

    /// Takes a tag out of spec and status (12.8).
    /// - Parameter companions: rows for the same transaction, for the stream before it.
    func deleteTag(
        _ name: TagName, options: DeleteOptions, _ context: RequestContext,
        companions: @Sendable (ImageStream) async throws -> Companions = { _ in .none }
    ) async throws -> Status {
        for _ in 0..<Self.attempts {
            var stream = try await streams.require(name.stream, context)
            let rows = try await companions(stream)
            if let uid = options.preconditions?.uid, uid != stream.metadata.uid {
                throw APIError.conflict(context.resource, name.description, "the UID precondition was not met")
            }
            let before = stream.spec.tags.count + stream.status.tags.count
            stream.spec.tags.removeAll { Exactly.equal($0.name, name.tag) }
            stream.status.tags.removeAll { Exactly.equal($0.tag, name.tag) }
            guard stream.spec.tags.count + stream.status.tags.count < before else {
                throw APIError.notFound(context.resource, name.description)
            }
            do {
                let write = WriteOptions(isDryRun: !options.dryRun.isEmpty)
                _ = try await self.write(stream, isNew: false, options: write, context, companions: rows)
                return Status(status: "Success")
            } catch let error as APIError where error.reason == "Conflict" {
                continue
            } catch let error as APIError where error.reason == "NotFound" {
                return Status(status: "Success")
            }
        }
        throw APIError.serverTimeout(context.resource, operation: "delete")
    }
}
