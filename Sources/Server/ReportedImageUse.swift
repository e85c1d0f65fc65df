import APIServer
import Identity
import ImageStreams

/// The images of the workloads that are reported to this server (docs/workloads.md), for retention.
struct ReportedImageUse: ImageUse {
    let workloads: Workloads
    /// Makes the context of one read; its user is the server itself.
    let context: @Sendable () -> RequestContext

    func namedImages() async throws -> Set<NamedImage> {
        Set(try await workloads.namedImages(context()).map { NamedImage(namespace: $0.namespace, text: $0.text) })
    }
}
