public import APIMachinery

/// A pull secret that cannot be read: nothing of it is used.
public struct BrokenPullSecret: Hashable, Sendable, CustomStringConvertible {
    public let namespace: String
    public let name: String
    public let uid: String
    /// Of the secret as it was read.
    public let resourceVersion: String
    /// What is wrong with it. Repeats nothing of what is in it.
    public let fault: String

    public var description: String { "the pull secret \"\(name)\" is not used: \(fault)" }
}

extension RegistryKeyring {
    /// The credentials of a namespace's secrets. A broken secret takes no other one with it (A.10.2).
    /// - Returns: besides, those that cannot be read.
    public static func reading(_ secrets: [Secret]) -> (keyring: RegistryKeyring, broken: [BrokenPullSecret]) {
        var configurations: [DockerConfiguration] = []
        var broken: [BrokenPullSecret] = []
        for secret in secrets {
            let isPlain = secret.type == "kubernetes.io/dockercfg"
            guard let bytes = secret.data[isPlain ? ".dockercfg" : ".dockerconfigjson"] else { continue }
            do throws(DockerConfiguration.Unreadable) {
                configurations.append(try DockerConfiguration(parsing: bytes, form: isPlain ? .plain : .nested))
            } catch {
                broken.append(
                    BrokenPullSecret(
                        namespace: secret.metadata.namespace, name: secret.metadata.name, uid: secret.metadata.uid,
                        resourceVersion: secret.metadata.resourceVersion, fault: error.description))
            }
        }
        return (RegistryKeyring(configurations), broken)
    }
}
