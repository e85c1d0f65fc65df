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
    var registryDeletion: Bool?

    @Option(help: "What deleting a manifest does that tags still name: cascade or refuse. Default: cascade.")
    var registryDeleteUsed: String?

    @Option(help: "The status for users without a permission: 403, or 401 as OpenShift has it. Default: 403.")
    var registryDeniedStatus: String?

    @Option(help: "Whom /v2/_catalog answers: visible (everybody, with what they may see) or administrators.")
    var registryCatalog: String?

    @Option(
        help:
            "Repository names with more than two parts: refuse, or flatten (ns/a/b is the stream a.b). Default: refuse."
    )
    var registryNestedNames: String?

    @Option(help: "Whether blobs are mounted from any repository that has them: true or false. Default: true.")
    var registryMountWithoutSource: Bool?

    @Option(
        help: "SCHEME://HOST[:PORT] where clients of the registry get tokens. Default: --public-url, or their host.")
    var registryTokenRealm: String?

    @Option(help: "SCHEME://HOST[:PORT] of the registry for its clients. Default: what their requests say.")
    var registryURL: String?

    @Option(help: "Address, or ADDRESS/BITS, of a proxy that says what clients asked for. May be repeated.")
    var registryTrustedProxy: [String] = []

    @Option(help: "Whether the registry's references are without scheme and host: true or false. Default: true.")
    var registryRelativeReferences: Bool?

    @Option(help: "Whether the registry fetches what streams name elsewhere: true or false. Default: true.")
    var registryPullThrough: Bool?

    @Option(help: "Requests for reading that the registry works on at the same time; 0 for all. Default: 0.")
    var registryMaxReads: Int?

    @Option(help: "Requests for writing that the registry works on at the same time; 0 for all. Default: 0.")
    var registryMaxWrites: Int?

    @Option(help: "Requests to the registry that wait for a place, of each kind. Default: 2000.")
    var registryMaxWaiting: Int?

    @Option(help: "How long a request to the registry waits for a place before it gets 429. Default: 60.")
    var registryMaxWaitSeconds: Int?

    @Option(help: "Unfinished uploads of one user; 0 for no bound. Default: 256.")
    var registryMaxUploadsPerUser: Int?

    @Option(help: "Unfinished uploads into one namespace; 0 for no bound. Default: 2048.")
    var registryMaxUploadsPerNamespace: Int?

    @Option(help: "Manifests without a tag in one namespace; 0 for no bound. Default: 10000.")
    var registryMaxUntaggedManifests: Int?

    @Option(help: "HOST[/PREFIX]=NAMESPACE of a registry whose images clients ask this one for. May be repeated.")
    var registryMirroredHost: [String] = []

    @Option(help: "Whether the registry keeps what it fetched: true or false. Default: true.")
    var registryMirror: Bool?

    @Option(help: "Bytes of the largest blob that the registry keeps of what it fetched; 0 for any. Default: 0.")
    var registryMaxMirrorBytes: Int?

    @Option(
        help: """
            Bytes that all unfinished uploads to the registry may take together; 0 for as many as the disk has. Default: 0.
            """)
    var registryMaxStagedBytes: Int?

    @Option(help: "HOST[:PORT] that status.dockerImageRepository begins with.")
    var internalRegistryHostname: String?

    @Option(help: "HOST[:PORT] that status.publicDockerImageRepository begins with.")
    var publicRegistryHostname: String?

    @Option(help: "A further DNS name or address for the serving certificate. May be repeated.")
    var certificateHost: [String] = []

    @Option(help: "Legacy or PreserveOriginal, for imports that do not say. Default: Legacy.")
    var importMode: String?

    @Option(
        help:
            "FILE with mirrors, blocked, insecure and allowed registries: ImageDigestMirrorSet and the like, and Image."
    )
    var registrySources: String?

    @Option(help: "FILE with credentials for other registries, as docker and podman write it, for all namespaces.")
    var upstreamCredentials: String?

    @Option(help: "PATH of authorities (PEM) that other registries may have: a file, or a directory by host.")
    var upstreamCa: String?

    @Flag(help: "Let registries of the internet redirect to addresses of private networks.")
    var privateRedirects = false

    @Option(help: "Tags that an import of a repository takes, at most 1000; 0 for as many as that. Default: 50.")
    var maxImagesPerRepository: Int?

    @Option(help: "Whether scheduled tags are imported again by themselves: true or false. Default: true.")
    var scheduledImports: String?

    @Option(help: "The time between two looks at a scheduled tag that does not say, in seconds. Default: 900.")
    var importIntervalSeconds: Int?

    @Option(help: "The time between two looks at a scheduled tag at least, whatever it says, in seconds. Default: 60.")
    var importMinimumIntervalSeconds: Int?

    @Option(help: "Imports that schedules make in a minute at most; 0 for no bound. Default: 0.")
    var maxScheduledImportsPerMinute: Int?

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

    @Flag(help: "Let event sinks be on this machine: on its loopback addresses.")
    var eventSinkLoopback = false

    @Option(help: "How long events are kept for event sinks that do not answer, in seconds. Default: 21600.")
    var eventSinkSeconds: Int?

    @Option(help: "The time between two runs of a retention policy at least, in seconds. Default: 60.")
    var retentionIntervalSeconds: Int?

    @Option(help: "The time between two runs of the blob collector, in seconds; 0 for none. Default: 3600.")
    var gcIntervalSeconds: Int?

    @Option(help: "The hours in which the blob collector begins by itself, HH:MM-HH:MM in UTC. Default: at any time.")
    var gcWindow: String?

    @Option(
        help: """
            How long blobs that nothing refers to stay after their last use, and again after they were given up, in \
            seconds; at least 3600. Default: 86400.
            """)
    var gcGraceSeconds: Int?

    @Option(
        help: """
            How long blobs of images from other registries stay after they were pulled last, in seconds; 0 for as long as \
            a tag names them. Default: 2592000.
            """)
    var gcCacheSeconds: Int?

    @Option(help: "Bytes of such blobs; those that were pulled last stay. 0 for no bound. Default: 0.")
    var gcCacheBytes: Int?

    @Option(help: "The same for each namespace. Default: 0.")
    var gcCacheNamespaceBytes: Int?

    @Option(help: "How often all blobs are read again, in seconds; 0 for never. Default: 2592000.")
    var scrubIntervalSeconds: Int?

    @Option(help: "Bytes that are read again in a second at the most. Default: 20971520.")
    var scrubBytesPerSecond: Int?

    @Flag(help: "For tests: lets the grace be shorter than clients need, and as exact as it says.")
    var gcUnsafeGrace = false

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

    /// Log lines go to standard error: standard output is for the one line that scripts wait for.
    private static func logger(_ level: Logger.Level) -> Logger {
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        var logger = Logger(label: "weir")
        logger.logLevel = level
        return logger
    }
}
