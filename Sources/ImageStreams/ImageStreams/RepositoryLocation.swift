import ImageAPI
import OCI

/// Where clients find a stream in the integrated registry (spec/image-resources.md 9.9).
struct RepositoryLocation: Sendable {
    var internalHostname: String
    var publicHostname: String

    /// Sets the two fields of the status by the present configuration.
    func apply(to stream: inout ImageStream) {
        guard !stream.metadata.name.isEmpty else { return }
        let namespace = stream.metadata.namespace.nonEmpty ?? "default"
        let path = "\(namespace)/\(stream.metadata.name)"
        stream.status.dockerImageRepository =
            internalHostname.isEmpty ? stream.spec.dockerImageRepository : "\(internalHostname)/\(path)"
        stream.status.publicDockerImageRepository = publicHostname.isEmpty ? "" : "\(publicHostname)/\(path)"
    }

    /// The stream as clients see it, where that differs from what is stored.
    @Sendable
    func presented(_ stream: ImageStream) -> ImageStream? {
        var shown = stream
        // Bookmarks are streams without name: the reference fills in the namespace of those too.
        if stream.metadata.namespace.isEmpty { shown.metadata.namespace = "default" }
        apply(to: &shown)
        let isSame = shown.status == stream.status && !stream.metadata.namespace.isEmpty
        return isSame ? nil : shown
    }
}
