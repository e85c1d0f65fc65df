import APIMachinery
import APIServer
import ImageAPI

/// GET `imagestreams/{name}/secrets`: the pull secrets of the namespace (spec/image-resources.md 11).
///
/// The name is not looked at: the stream need not exist. The secrets are read with the server's own rights; callers
/// need permission on this subresource only.
struct ImageStreamSecretsResource: GettableResource {
    /// What the list is made of. The answer itself is a `SecretList`, which no object is, and travels as its bytes.
    typealias Object = Secret

    let secrets: any PullSecretSource

    var descriptor: ResourceDescriptor {
        ResourceDescriptor(
            groupVersion: ImageStreamsGroup.version, name: "imagestreams", subresource: "secrets",
            kind: ImageStreamsGroup.kind("SecretList"), isNamespaced: true)
    }
    var table: TableColumns<Secret>? { nil }

    func get(_ name: String, options: GetOptions, _ context: RequestContext) async throws -> Output<Secret> {
        let list = ListOptions(resourceVersion: options.resourceVersion)
        let (items, metadata) = try await secrets.pullSecrets(in: context.namespace, options: list)
        let json = SecretList(metadata: metadata, items: items).jsonBytes()
        return Output(
            EncodedObject(json: json, itemStart: EncodedObject.headLength(of: SecretList.groupVersionKind)))
    }
}
