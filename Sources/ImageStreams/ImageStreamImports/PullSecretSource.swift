import APIMachinery
import APIServer

/// The secrets of a namespace, wherever they are kept. One of the seams between stand-alone and aggregated mode.
public protocol PullSecretSource: Sendable {
    /// All secrets of the namespace that the options select.
    func secrets(in namespace: String, options: ListOptions) async throws -> (items: [Secret], metadata: ListMeta)
}

/// Where there are no secrets.
public struct NoPullSecrets: PullSecretSource {
    public init() {}

    public func secrets(
        in namespace: String, options: ListOptions
    ) async throws -> (items: [Secret], metadata: ListMeta) {
        ([], ListMeta())
    }
}

extension PullSecretSource {
    /// The secrets that images are pulled with (spec/image-resources.md 11).
    public func pullSecrets(
        in namespace: String, options: ListOptions = ListOptions()
    ) async throws -> (items: [Secret], metadata: ListMeta) {
        let (items, metadata) = try await secrets(in: namespace, options: options)
        let kept = items.filter { secret in
            ["kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson"].contains(secret.type)
                && secret.metadata.annotations[KnownAnnotation.excludeSecret] != "true"
        }
        return (kept, metadata)
    }
}
