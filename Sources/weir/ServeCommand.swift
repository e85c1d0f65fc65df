import ArgumentParser
import Configuration
import Foundation
import Logging
import Server

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve the API from a data directory, until SIGTERM.",
        discussion: """
            Every option can also be set by an environment variable (--data-dir is WEIR_DATA_DIR) or in the YAML file \
            named by --config (--data-dir is dataDir); the command line wins, then the environment.

            Prints one line, "ready https://HOST:PORT", when it serves. DIR/admin.kubeconfig is for kubectl and oc.
            """)

    @Option(help: "A YAML file with settings.")
    var config: String?

    @Option(help: "Where everything is kept. Default: weir-data.")
    var dataDir: String?

    @Option(help: "HOST:PORT of the API. Port 0 lets the system choose. Default: 127.0.0.1:6443.")
    var listen: String?

    @Option(help: "HOST:PORT of a further listener without TLS, for a proxy on this host. Tokens travel in the clear.")
    var insecureListen: String?

    @Option(help: "HOST:PORT of a second listener, for the registry alone.")
    var registryListen: String?

    @Flag(help: "Serve the second listener without TLS.")
    var registryInsecure = false

    @Flag(help: "Take nothing into the registry and delete nothing from it.")
    var registryReadOnly = false

    @Option(help: "Whether manifests, tags and blobs of the registry can be deleted: true or false. Default: true.")
    var registryDeletion: String?

    @Option(help: "What deleting a manifest does that tags still name: cascade or refuse. Default: cascade.")
    var registryDeleteUsed: String?

    @Option(help: "The status for users without a permission: 403, or 401 as OpenShift has it. Default: 403.")
    var registryDeniedStatus: String?

    @Option(help: "Whom /v2/_catalog answers: visible (everybody, with what they may see) or administrators.")
    var registryCatalog: String?

    @Option(help: "Whether blobs are mounted from any repository that has them: true or false. Default: true.")
    var registryMountWithoutSource: String?

    @Option(
        help: "SCHEME://HOST[:PORT] where clients of the registry get tokens. Default: --public-url, or their host.")
    var registryTokenRealm: String?

    @Option(help: "Whether the registry fetches what streams name elsewhere: true or false. Default: true.")
    var registryPullThrough: String?

    @Option(help: "Whether the registry keeps what it fetched: true or false. Default: true.")
    var registryMirror: String?

    @Option(help: "HOST[:PORT] that status.dockerImageRepository begins with.")
    var internalRegistryHostname: String?

    @Option(help: "HOST[:PORT] that status.publicDockerImageRepository begins with.")
    var publicRegistryHostname: String?

    @Option(help: "A further DNS name or address for the serving certificate. May be repeated.")
    var certificateHost: [String] = []

    @Option(help: "Legacy or PreserveOriginal, for imports that do not say. Default: Legacy.")
    var importMode: String?

    @Option(help: "Tags that an import of a repository takes; -1 for all. Default: 50.")
    var maxImagesPerRepository: Int?

    @Option(help: "Where the audit log goes: a path, or - for standard output. Default: no audit log.")
    var auditLog: String?

    @Option(help: "An audit policy (audit.k8s.io/v1, YAML). Default: metadata of everything but probes.")
    var auditPolicy: String?

    @Option(help: "MiB after which a new file of the audit log is begun; 0 for never. Default: 100.")
    var auditLogMaxSize: Int?

    @Option(help: "Old files of the audit log that are kept. Default: 10.")
    var auditLogMaxBackups: Int?

    @Option(help: "An image policy (ImagePolicyConfig, YAML). Default: names of tags are resolved, all images may run.")
    var imagePolicy: String?

    @Flag(help: "Let anybody ask the image policy: for API servers that call webhooks without credentials.")
    var imagePolicyPublic = false

    @Option(
        help: """
            auto, always or never: whether signatures of images are fetched from registries and lookaside stores. \
            Default: auto, which is always where a lookaside configuration is there.
            """)
    var signatureImport: String?

    @Option(
        help: """
            The directory of a lookaside configuration (registries.d). Default: /etc/containers/registries.d, if it exists.
            """)
    var signatureLookaside: String?

    @Option(
        help: "https://HOST[:PORT] under which clients reach the server. Default: what they ask for, if it is there.")
    var publicUrl: String?

    @Option(help: "A htpasswd file (bcrypt) of users who may log in. Default: DIR/htpasswd, as `weir user` keeps it.")
    var htpasswdFile: String?

    @Option(help: "A YAML file of OpenID Connect issuers whose tokens are taken (docs/authentication.md).")
    var oidcConfig: String?

    @Option(help: "How long tokens last that users get by logging in, in seconds. Default: 86400.")
    var tokenLifetimeSeconds: Int?

    @Option(help: "Issuer of service-account tokens. Default: --public-url, or https://kubernetes.default.svc.")
    var serviceAccountIssuer: String?

    @Option(help: "Reads that are worked on at a time; 0 for no bound. Default: 400.")
    var maxRequestsInflight: Int?

    @Option(help: "Writes that are worked on at a time; 0 for no bound. Default: 200.")
    var maxMutatingRequestsInflight: Int?

    @Option(help: "How long requests are still taken after SIGTERM while /readyz fails, such as 15s. Default: 0s.")
    var shutdownDelayDuration: String?

    @Option(help: "How long events are kept, in seconds. Default: 3600.")
    var eventSeconds: Int?

    @Option(help: "Events that are kept at most. Default: 10000.")
    var maxEvents: Int?

    @Option(help: "The time between two runs of a retention policy at least, in seconds. Default: 60.")
    var retentionIntervalSeconds: Int?

    @Option(help: "How far back lists and watches can begin, in seconds. Default: 300.")
    var historySeconds: Int?

    @Option(
        help: """
            The file with the keys that secrets are encrypted with. Default: secrets.key in the data directory, which is \
            made at the first start.
            """)
    var encryptionKeyFile: String?

    @Option(help: "trace, debug, info, notice, warning, error or critical. Default: info.")
    var logLevel: String?

    func run() async throws {
        do {
            let reader = try await ConfigurationSources.reader(flags: flags, file: config)
            let configuration = try WeirConfiguration(reader)
            let server = WeirServer(configuration: configuration, logger: Self.logger(configuration.logLevel))
            try await server.run { url in
                FileHandle.standardOutput.write(Data("ready \(url)\n".utf8))
            }
        } catch let error as CustomStringConvertible & Error {
            FileHandle.standardError.write(Data("weir: \(error)\n".utf8))
            throw ExitCode(1)
        }
    }

    /// What was said on the command line, by configuration key.
    private var flags: [AbsoluteConfigKey: ConfigValue] {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        func set(_ key: String, _ value: String?) {
            if let value { values[[key]] = ConfigValue(.string(value), isSecret: false) }
        }
        func set(_ key: String, _ value: Int?) {
            if let value { values[[key]] = ConfigValue(.int(value), isSecret: false) }
        }
        set("dataDir", dataDir)
        set("listen", listen)
        set("insecureListen", insecureListen)
        set("registryListen", registryListen)
        set("internalRegistryHostname", internalRegistryHostname)
        set("publicRegistryHostname", publicRegistryHostname)
        set("registryDeleteUsed", registryDeleteUsed)
        set("registryDeniedStatus", registryDeniedStatus)
        set("registryCatalog", registryCatalog)
        set("registryTokenRealm", registryTokenRealm)
        set("registryDeletion", registryDeletion)
        set("registryMountWithoutSource", registryMountWithoutSource)
        set("registryPullThrough", registryPullThrough)
        set("registryMirror", registryMirror)
        if registryReadOnly { values[["registryReadOnly"]] = ConfigValue(.bool(true), isSecret: false) }
        set("importMode", importMode)
        set("logLevel", logLevel)
        set("auditLog", auditLog)
        set("auditPolicy", auditPolicy)
        set("imagePolicy", imagePolicy)
        set("signatureImport", signatureImport)
        set("signatureLookaside", signatureLookaside)
        set("encryptionKeyFile", encryptionKeyFile)
        set("publicURL", publicUrl)
        set("oidcConfig", oidcConfig)
        set("htpasswdFile", htpasswdFile)
        set("tokenLifetimeSeconds", tokenLifetimeSeconds)
        set("serviceAccountIssuer", serviceAccountIssuer)
        set("shutdownDelayDuration", shutdownDelayDuration)
        set("maxImagesPerRepository", maxImagesPerRepository)
        set("auditLogMaxSize", auditLogMaxSize)
        set("auditLogMaxBackups", auditLogMaxBackups)
        set("maxRequestsInflight", maxRequestsInflight)
        set("eventSeconds", eventSeconds)
        set("maxEvents", maxEvents)
        set("retentionIntervalSeconds", retentionIntervalSeconds)
        set("maxMutatingRequestsInflight", maxMutatingRequestsInflight)
        if imagePolicyPublic { values[["imagePolicyPublic"]] = ConfigValue(.bool(true), isSecret: false) }
        if registryInsecure { values[["registryInsecure"]] = ConfigValue(.bool(true), isSecret: false) }
        if !certificateHost.isEmpty {
            values[["certificateHosts"]] = ConfigValue(.stringArray(certificateHost), isSecret: false)
        }
        if let historySeconds { values[["historySeconds"]] = ConfigValue(.int(historySeconds), isSecret: false) }
        return values
    }

    /// Log lines go to standard error: standard output is for the one line that scripts wait for.
    private static func logger(_ level: Logger.Level) -> Logger {
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        var logger = Logger(label: "weir")
        logger.logLevel = level
        return logger
    }
}
