import APIMachinery
import Logging

/// Everything that belongs to one request and is not the resource's own business.
public struct RequestContext: Sendable {
    /// The audit id: the client's `Audit-ID` or a fresh UUID.
    public var id: String
    public var user: UserInfo
    /// Namespace of the URL; empty for cluster-scoped resources.
    public var namespace: String
    /// The resource of the URL, for the texts of errors (spec/image-resources.md 3.4).
    public var resource: GroupResource
    public var subresource: String
    /// What the client calls itself, for the tag history.
    public var userAgent: String
    /// Why the write happens, for the tag history: `edit`, `import`, `push`, `schedule` …
    public var cause: String
    /// One time for the whole request, in whole seconds.
    public var now: Timestamp
    public var warnings: WarningRecorder
    private let baseLogger: Logger

    /// A logger that knows the request. Made when somebody has something to say, which is rare.
    public var logger: Logger {
        var logger = baseLogger
        logger[metadataKey: "request"] = "\(id)"
        logger[metadataKey: "user"] = "\(user.name)"
        if !resource.resource.isEmpty { logger[metadataKey: "resource"] = "\(resource.resource)" }
        return logger
    }

    public init(
        id: String, user: UserInfo, namespace: String = "", resource: GroupResource, subresource: String = "",
        userAgent: String = "", cause: String = "edit", now: Timestamp, warnings: WarningRecorder = WarningRecorder(),
        logger: Logger
    ) {
        self.id = id
        self.user = user
        self.namespace = namespace
        self.resource = resource
        self.subresource = subresource
        self.userAgent = userAgent
        self.cause = cause
        self.now = now
        self.warnings = warnings
        baseLogger = logger
    }
}
