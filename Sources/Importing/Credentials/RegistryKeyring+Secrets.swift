public import APIMachinery

extension RegistryKeyring {
    /// The credentials of a namespace's secrets. A broken secret takes no other one with it (A.10.2).
    /// - Returns: besides, what to say of those that cannot be read.
    public static func reading(_ secrets: [Secret]) -> (keyring: RegistryKeyring, warnings: [String]) {
        var configurations: [DockerConfiguration] = []
        var warnings: [String] = []
        for secret in secrets {
            let isPlain = secret.type == "kubernetes.io/dockercfg"
            guard let bytes = secret.data[isPlain ? ".dockercfg" : ".dockerconfigjson"] else { continue }
            do throws(DockerConfiguration.Unreadable) {
                configurations.append(try DockerConfiguration(parsing: bytes, form: isPlain ? .plain : .nested))
            } catch {
                warnings.append("the pull secret \"\(secret.metadata.name)\" is not used: \(error)")
            }
        }
        return (RegistryKeyring(configurations), warnings)
    }
}
