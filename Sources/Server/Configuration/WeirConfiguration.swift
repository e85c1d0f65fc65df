import Configuration
import Identity
import ImageStreams
import Importing
import Logging
import Registry

/// What `weir serve` is told: by flags, then environment variables (`WEIR_…`), then a YAML file.
public struct WeirConfiguration: Sendable {
    /// `host:port` of a listener.
    public struct Address: Sendable, Hashable, CustomStringConvertible {
        public var host: String
        /// 0 lets the system choose.
        public var port: Int

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        /// Reads `host:port`, `[v6]:port` or `:port` (all addresses).
        public init?(_ text: String) {
            guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
                return nil
            }
            var host = String(text[..<colon])
            if host.hasPrefix("[") && host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
            self.init(host: host.isEmpty ? "0.0.0.0" : host, port: Int(port))
        }

        public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// Where everything is kept that must survive a restart.
    public var dataDirectory: String
    public var listen: Address
    /// A further listener for the same without TLS; for a proxy on this host, or a lab.
    public var insecureListen: Address?
    /// A second listener, for the registry alone.
    public var registryListen: Address?
    /// Serve the second listener without TLS.
    public var registryIsInsecure: Bool
    /// `host[:port]` that pull specs name inside; empty where there is no registry.
    public var internalRegistryHostname: String
    /// `host[:port]` that pull specs name for the outside; empty for none.
    public var publicRegistryHostname: String
    /// Further DNS names and addresses the serving certificate is made out to.
    public var certificateHosts: [String]
    /// `Legacy` or `PreserveOriginal`, for imports that do not say.
    public var importMode: String
    /// Path of a file with mirrors, blocked, insecure and allowed registries; empty for none.
    public var registrySources: String
    /// Path of a docker client's file with credentials for other registries; empty for none.
    public var upstreamCredentials: String
    /// Tags one repository import takes; 0 or less for all.
    public var maximumImagesPerRepository: Int
    /// How far back lists and watches can begin, at least.
    public var history: Duration
    /// The file with the keys that secrets are encrypted with; nil for the one in the data directory, which is made
    /// where it is missing.
    public var encryptionKeyFile: String?
    public var logLevel: Logger.Level
    public var audit: AuditConfiguration
    public var limits: RequestLimits
    public var imagePolicy: ImagePolicySettings
    public var signatures: SignatureSettings
    public var registry: RegistrySettings
    public var events: EventExpiry.Configuration
    public var authentication: AuthenticationSettings
    /// The time between two runs of a retention policy at least.
    public var minimumRetentionInterval: Duration
    public var collection: CollectionSettings
    public var scrub: BlobScrubber.Settings
    /// Imports that nobody asks for by a request.
    public var imports: ImportSettings
    public var eventSinks: EventSinkSettings

    /// A setting that cannot be used, in words for the person who made it.
    public struct Invalid: Error, CustomStringConvertible {
        public var description: String
    }

    /// Reads all settings.
    /// - Throws: `Invalid` for a value that makes no sense.
    public init(_ reader: ConfigReader) throws {
        func address(_ key: ConfigKey, _ name: String) throws -> Address? {
            guard let text = reader.string(forKey: key), !text.isEmpty else { return nil }
            guard let address = Address(text) else {
                throw Invalid(description: "\(name) must be HOST:PORT, not \"\(text)\"")
            }
            return address
        }
        dataDirectory = reader.string(forKey: "dataDir", default: "weir-data")
        listen = try address("listen", "listen") ?? Address(host: "127.0.0.1", port: 6443)
        insecureListen = try address("insecureListen", "insecure-listen")
        registryListen = try address("registryListen", "registry-listen")
        registryIsInsecure = reader.bool(forKey: "registryInsecure", default: false)
        internalRegistryHostname = reader.string(forKey: "internalRegistryHostname", default: "")
        publicRegistryHostname = reader.string(forKey: "publicRegistryHostname", default: "")
        certificateHosts = reader.stringArray(forKey: "certificateHosts", default: [])
        importMode = reader.string(forKey: "importMode", default: "Legacy")
        guard importMode == "Legacy" || importMode == "PreserveOriginal" else {
            throw Invalid(description: "import-mode must be Legacy or PreserveOriginal, not \"\(importMode)\"")
        }
        registrySources = reader.string(forKey: "registrySources", default: "")
        upstreamCredentials = reader.string(forKey: "upstreamCredentials", default: "")
        maximumImagesPerRepository = reader.int(forKey: "maxImagesPerRepository", default: 50)
        guard (0...Importer.mostTags).contains(maximumImagesPerRepository) else {
            throw Invalid(
                description: "max-images-per-repository must be 0 to \(Importer.mostTags), not "
                    + "\(maximumImagesPerRepository)")
        }
        let seconds = reader.int(forKey: "historySeconds", default: 300)
        guard (1...86_400).contains(seconds) else {
            throw Invalid(description: "history-seconds must be 1 to 86400, not \(seconds)")
        }
        history = .seconds(seconds)
        encryptionKeyFile = reader.string(forKey: "encryptionKeyFile").flatMap { $0.isEmpty ? nil : $0 }
        let level = reader.string(forKey: "logLevel", default: "info")
        guard let logLevel = Logger.Level(rawValue: level) else {
            throw Invalid(description: "log-level must be one of trace, debug, info, notice, warning, error, critical")
        }
        self.logLevel = logLevel
        audit = try AuditConfiguration(reader)
        limits = try RequestLimits(reader)
        imagePolicy = ImagePolicySettings(reader)
        signatures = try SignatureSettings(reader)
        registry = try RegistrySettings(reader)
        events = try EventExpiry.Configuration(reader)
        authentication = try AuthenticationSettings(reader)
        let interval = reader.int(forKey: "retentionIntervalSeconds", default: 60)
        guard (1...604_800).contains(interval) else {
            throw Invalid(description: "retention-interval-seconds must be 1 to 604800, not \(interval)")
        }
        minimumRetentionInterval = .seconds(interval)
        collection = try CollectionSettings(reader)
        scrub = try BlobScrubber.Settings(reader)
        imports = try ImportSettings(reader)
        eventSinks = try EventSinkSettings(reader)
    }
}
