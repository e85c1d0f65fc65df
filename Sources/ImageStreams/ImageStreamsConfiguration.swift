import OCI

/// What an installation decides about image streams.
public struct ImageStreamsConfiguration: Sendable {
    /// `host[:port]` under which the integrated registry is reached from inside; empty without one.
    public var internalRegistryHostname: String
    /// `host[:port]` under which clients outside reach it; empty without one.
    public var publicRegistryHostname: String
    /// The import mode of tags and imports that name none: `Legacy` or `PreserveOriginal`.
    public var importMode: String
    /// The registries images may come from; an empty list allows all.
    public var allowedRegistries: [AllowedRegistry]
    /// What clusters are told of the images of their workloads.
    public var imagePolicy: ImagePolicyConfiguration
    /// `https://host[:port]` under which clients reach the server; empty where that is not known.
    public var publicURL = ""
    /// Imports that nobody asks for by a request.
    public var imports = ImportSettings()
    /// The time between two runs of a retention policy at least, in whole seconds.
    public var minimumRetentionInterval: Duration

    public init(
        internalRegistryHostname: String = "", publicRegistryHostname: String = "", importMode: String = "Legacy",
        allowedRegistries: [AllowedRegistry] = [], imagePolicy: ImagePolicyConfiguration = ImagePolicyConfiguration(),
        minimumRetentionInterval: Duration = .seconds(60)
    ) {
        self.internalRegistryHostname = internalRegistryHostname
        self.publicRegistryHostname = publicRegistryHostname
        self.importMode = importMode
        self.allowedRegistries = allowedRegistries
        self.imagePolicy = imagePolicy
        self.minimumRetentionInterval = minimumRetentionInterval
    }
}

/// One entry of the allow-list: `domainName` is a host pattern with `*` and `?`, and perhaps a port.
public struct AllowedRegistry: Sendable, Hashable {
    public var domainName: String
    public var insecure: Bool

    public init(domainName: String, insecure: Bool = false) {
        self.domainName = domainName
        self.insecure = insecure
    }
}
