/// One object more that a request is about to make, and that may count against quotas.
public struct QuotaClaim: Sendable {
    /// The names under which quotas count such objects: `count/imagestreams.image.openshift.io` and its alias.
    public var quotaNames: [String]
    /// Name of the object; a name that is yet to be generated is empty.
    public var object: String
    /// Name of what the request is about, for the text of a refusal: `app:latest` where a tag brings its stream along.
    public var subject: String
    /// Whether nothing will be made: room is looked for and not taken.
    public var isDryRun: Bool

    public init(quotaNames: [String], object: String, subject: String, isDryRun: Bool) {
        self.quotaNames = quotaNames
        self.object = object
        self.subject = subject
        self.isDryRun = isDryRun
    }
}

/// The quotas of namespaces on the number of their objects (spec/image-resources.md 19.1). One of the seams between
/// stand-alone and aggregated mode.
public protocol ObjectQuota: Sendable {
    /// Whether a quota of the namespace counts objects under one of the names.
    /// - Throws: `APIError` where the quotas cannot be read.
    func counts(_ quotaNames: [String], in namespace: String) async throws -> Bool

    /// Takes room for an object of the context's namespace, and runs what makes it. Room for what failed is given back,
    /// though perhaps a moment later.
    ///
    /// However many run at once, together they make no more objects than the quotas allow.
    /// - Throws: 403 `exceeded quota: …`, which names resource and subject of the request; what `create` throws.
    func charging<Made: Sendable>(
        _ claim: QuotaClaim, _ context: RequestContext, _ create: @Sendable () async throws -> Made
    ) async throws -> Made
}

/// Where nothing is counted.
public struct NoObjectQuota: ObjectQuota {
    public init() {}

    public func counts(_ quotaNames: [String], in namespace: String) async throws -> Bool { false }

    public func charging<Made: Sendable>(
        _ claim: QuotaClaim, _ context: RequestContext, _ create: @Sendable () async throws -> Made
    ) async throws -> Made {
        try await create()
    }
}
