import APIMachinery
import APIServer
import Identity
import ImageStreams

/// The server's own secrets as those that images are pulled with.
struct NamespaceSecrets: PullSecretSource {
    let secrets: Secrets
    /// Makes the context of one read; its user is the server itself.
    let context: @Sendable () -> RequestContext

    func secrets(
        in namespace: String, options: ListOptions
    ) async throws -> (items: [Secret], metadata: ListMeta) {
        var own = context()
        own.namespace = namespace
        own.resource = GroupResource(group: "", resource: "secrets")
        let list = try await secrets.objects.list(options, own)
        return (try await list.allItems().map { try $0.object() }, list.metadata)
    }
}
