import RegistryClient

extension RegistryClientConfiguration {
    /// For tests that are not about time: they share a machine, and the threads of this process, with all others.
    public static var patient: RegistryClientConfiguration {
        var configuration = RegistryClientConfiguration()
        configuration.connectTimeout = .seconds(300)
        configuration.pingTimeout = .seconds(300)
        configuration.tokenTimeout = .seconds(300)
        configuration.requestTimeout = .seconds(600)
        return configuration
    }
}
