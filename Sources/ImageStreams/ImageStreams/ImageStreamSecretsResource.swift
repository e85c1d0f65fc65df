import APIMachinery
import APIServer
import ImageAPI

/// `imagestreams/secrets`: the pull secrets of the namespace, for whom imports are made
/// (spec/image-resources.md 11). The stream need not exist.
struct ImageStreamSecretsResource: DocumentResource {
    typealias Object = Secret

    let secrets: any PullSecretSource

    var table: TableColumns<Secret>? { nil }
    var schema: TypeSchema { SecretList.schema }

    var descriptor: ResourceDescriptor {
        ResourceDescriptor(
            groupVersion: ImageStreamsGroup.version, name: "imagestreams", subresource: "secrets",
            kind: ImageStreamsGroup.kind("SecretList"), isNamespaced: true)
    }

    func document(_ name: String, options: ListOptions, _ context: RequestContext) async throws -> any APIKind {
        let (items, metadata) = try await secrets.pullSecrets(in: context.namespace, options: options)
        return SecretList(metadata: metadata, items: items)
    }
}
