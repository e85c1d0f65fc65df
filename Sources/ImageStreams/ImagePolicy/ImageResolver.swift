import APIMachinery
import APIServer
import ImageAPI
import OCI

/// What a reference of a workload turned out to be.
struct ResolvedImage: Sendable {
    /// The pull spec that stands for the image.
    var pullSpec = ImageReference()
    /// Nil where only the name is known: a tag that has yet to be pushed.
    var image: Image?
    /// Found by a name that the namespace lends to its workloads.
    var isLocal = false
    /// Found in a stream, wherever its content is: for rules that counts as an image of the own registry.
    var isIntegrated = false
}

/// Finds the images that workloads name (spec/image-resources.md 20.3).
///
/// Looks with the server's own rights: whoever may create a workload learns no more than the digest it will run.
struct ImageResolver: Sendable {
    let tags: ImageStreamTagResource
    let streamImages: ImageStreamImageResource
    let internalRegistry: String

    /// - Parameters:
    ///   - namespace: of the object.
    ///   - resolvesAllNames: names and tags are looked up there whatever registry they name.
    /// - Throws: `APIError` where there is no such image, `ImageReferenceError` and `Failure` for what is no reference.
    func resolve(
        _ reference: ObjectReference, in namespace: String, resolvesAllNames: Bool, _ context: RequestContext
    ) async throws -> ResolvedImage {
        let own = reference.namespace.nonEmpty ?? namespace
        switch reference.kind {
        case "ImageStreamTag":
            let parts = reference.name.parts(at: ":")
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw Failure("references of kind ImageStreamTag must be of the form NAME:TAG")
            }
            return try await tag(TagLookup(namespace: own, stream: parts[0], tag: parts[1]), context)
        case "ImageStreamImage":
            guard reference.name.parts(at: "@").count == 2 else {
                throw Failure("references of kind ImageStreamImage must be of the form NAME@DIGEST")
            }
            let found = try await streamImages.get(
                reference.name, options: GetOptions(), self.context("imagestreamimages", own, context)
            ).object()
            return ResolvedImage(
                pullSpec: try ImageReference(parsing: found.image.dockerImageReference), image: found.image,
                isIntegrated: true)
        case "DockerImage":
            return try await pullSpec(
                ImageReference(parsing: reference.name), namespace, resolvesAllNames: resolvesAllNames, context)
        default:
            throw Failure("image policy does not allow image references of kind \(goQuoted(reference.kind))")
        }
    }

    /// What is no reference to an image.
    struct Failure: Error {
        let text: String
        init(_ text: String) { self.text = text }
    }

    /// The text of an error of `resolve`, for verdicts.
    static func text(of error: any Error) -> String {
        switch error {
        case let error as APIError: error.message
        case let error as ImageReferenceError: error.text
        case let error as Failure: error.text
        default: "\(error)"
        }
    }

    // MARK: Steps

    private struct TagLookup {
        var namespace: String
        var stream: String
        var tag: String
        /// The name says nothing of this registry: the stream, or the workload, must allow it to mean a tag here.
        var isPartial = false
        var resolvesAllNames = false
    }

    private func pullSpec(
        _ reference: ImageReference, _ namespace: String, resolvesAllNames: Bool, _ context: RequestContext
    ) async throws -> ResolvedImage {
        if !reference.id.isEmpty {
            guard let image = try await tags.tags.image(reference.id) else {
                throw APIError.notFound(ImageStreamsGroup.resource("images"), reference.id)
            }
            return ResolvedImage(pullSpec: reference, image: image)
        }
        let isFull = !internalRegistry.isEmpty && reference.registry == internalRegistry
        let isPartial =
            resolvesAllNames || reference.registry.isEmpty && reference.namespace.isEmpty && !reference.name.isEmpty
        guard isFull || isPartial else {
            throw Failure("(\(reference.exact)) could not be resolved to an exact image reference")
        }
        let usesOwn = resolvesAllNames || reference.namespace.isEmpty
        return try await tag(
            TagLookup(
                namespace: usesOwn ? namespace : reference.namespace, stream: reference.name,
                tag: reference.tag.nonEmpty ?? TagResolution.defaultTag, isPartial: isPartial,
                resolvesAllNames: resolvesAllNames),
            context)
    }

    private func tag(_ lookup: TagLookup, _ context: RequestContext) async throws -> ResolvedImage {
        let context = self.context("imagestreamtags", lookup.namespace, context)
        let found: ImageStreamTag
        do {
            found = try await tags.get("\(lookup.stream):\(lookup.tag)", options: GetOptions(), context).object()
        } catch let error as APIError where error.code == 404 {
            guard let awaited = try await awaited(lookup, context) else { throw error }
            return awaited
        }
        if lookup.isPartial && !lookup.resolvesAllNames && !found.lookupPolicy.local {
            throw Failure(
                "ImageStreamTag does not allow local references and the resource did not request image stream resolution"
            )
        }
        var pullSpec = try ImageReference(parsing: found.image.dockerImageReference)
        pullSpec.tag = ""
        pullSpec.id = found.image.metadata.name
        return ResolvedImage(pullSpec: pullSpec, image: found.image, isLocal: lookup.isPartial, isIntegrated: true)
    }

    /// A tag that is missing in a stream that lends its names: the workload waits for a push, instead of taking a
    /// stranger's image of the same name.
    private func awaited(_ lookup: TagLookup, _ context: RequestContext) async throws -> ResolvedImage? {
        guard let stream = try await tags.tags.stream(lookup.stream, context),
            lookup.resolvesAllNames || stream.spec.lookupPolicy.local,
            !stream.status.dockerImageRepository.isEmpty,
            var pullSpec = try? ImageReference(parsing: stream.status.dockerImageRepository)
        else { return nil }
        pullSpec.tag = lookup.tag
        return ResolvedImage(pullSpec: pullSpec, isLocal: true)
    }

    private func context(_ resource: String, _ namespace: String, _ context: RequestContext) -> RequestContext {
        var own = context
        own.resource = ImageStreamsGroup.resource(resource)
        own.namespace = namespace
        return own
    }
}
