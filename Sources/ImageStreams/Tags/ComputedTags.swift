import APIMachinery
import APIServer
import ImageAPI

/// Tags as they were shown last. What a tag shows is made of its stream and of one Image.
struct ComputedTags<Tag: APIObject>: Sendable {
    /// What a tag is shown as, and the Image in it; nil where it does not exist.
    typealias Computed = (shown: Tag, image: Image?)

    private struct Sources: Sendable {
        var stream: Int64
        /// It may be missing, and come to be without any change of the stream.
        var imageName: String?
        var image: Int64?
    }

    private let tags: TagStore
    private let known = ComputedObjects<Tag, Sources>(maximumBytes: 16 << 20)

    init(_ tags: TagStore) {
        self.tags = tags
    }

    /// A tag as it is shown.
    /// - Parameter compute: makes it of the present state.
    /// - Throws: what `compute` throws, and 404 naming the resource of the request where there is no such stream.
    func output(
        of name: TagName, _ context: RequestContext, compute: (ImageStream) async throws -> Computed
    ) async throws -> Output<Tag> {
        try await known.output(.init(namespace: context.namespace, name: name.description)) { sources in
            let stream = try await tags.streams.revision(of: name.stream, namespace: context.namespace)
            guard stream == sources.stream else { return false }
            guard let image = sources.imageName else { return true }
            return try await tags.images.revision(of: image, namespace: "") == sources.image
        } compute: {
            let stream = try await tags.requireStream(name.stream, context)
            let (shown, image) = try await compute(stream)
            guard let revision = Int64(stream.metadata.resourceVersion), !Self.dependsOnTime(image) else {
                return (shown, nil)
            }
            let sources = Sources(
                stream: revision, imageName: stream.status.head(of: name.tag)?.image.nonEmpty,
                image: image.flatMap { Int64($0.metadata.resourceVersion) })
            return (shown, sources)
        }
    }

    /// Manifest lists show the time of the request as that of their creation (spec/image-resources.md 7.2).
    private static func dependsOnTime(_ image: Image?) -> Bool {
        guard let image else { return false }
        return image.dockerImageLayers.isEmpty || image.dockerImageManifestMediaType.isEmpty
    }
}
