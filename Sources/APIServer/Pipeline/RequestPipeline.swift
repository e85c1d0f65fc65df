import APIMachinery
import HTTPTypes
import JSON
import Logging
import Synchronization

/// The API as one function from request to answer: the pipeline of design section 6 around the endpoints.
///
/// *request id → authenticate → impersonate → flow control → authorise → endpoint*; the order is observable
/// (spec/api-machinery.md 1.13). Audit joins it between impersonation and flow control.
public struct RequestPipeline: Sendable {
    public struct Configuration: Sendable {
        /// `host:port` at which clients reach the API.
        public var serverAddress: String
        public var version: ServerVersion
        /// Requests at the same time that are not long-running; 0 is no limit.
        public var maximumReadsInFlight = 400
        public var maximumWritesInFlight = 200
        /// The longest a request that is not long-running may take.
        public var requestTimeout: Duration = .seconds(60)

        public init(serverAddress: String, version: ServerVersion) {
            self.serverAddress = serverAddress
            self.version = version
        }
    }

    private let configuration: Configuration
    private let authenticator: any Authenticator
    private let authorizer: any Authorizer
    private let impersonation: Impersonation
    private let flow: FlowControl
    private let routes: Routes
    private let clock: @Sendable () -> Timestamp
    private let logger: Logger

    public init(
        resources: [any Resource], configuration: Configuration, authenticator: any Authenticator,
        authorizer: any Authorizer, namespaces: any NamespaceLookup, healthChecks: [HealthCheck],
        clock: @escaping @Sendable () -> Timestamp,
        logger: Logger
    ) {
        self.configuration = configuration
        self.authenticator = authenticator
        self.authorizer = authorizer
        self.clock = clock
        self.logger = logger
        impersonation = Impersonation(authorizer: authorizer)
        flow = FlowControl(reads: configuration.maximumReadsInFlight, writes: configuration.maximumWritesInFlight)
        routes = Routes(
            resources: resources, namespaces: namespaces, healthChecks: healthChecks, version: configuration.version,
            serverAddress: configuration.serverAddress)
    }

    /// Answers a request; never throws: every failure has its form.
    public func respond(to request: ServerRequest) async -> ServerResponse {
        let id = request.header(.auditID).flatMap { $0.isEmpty ? nil : $0 } ?? UUID4.random()
        let warnings = WarningRecorder()
        let path = PercentEncoding.decode(path: request.path)
        let query = QueryParameters(request.query)
        let info = RequestInfo(method: request.method, path: path, query: query)
        var response: ServerResponse
        do {
            response = try await answer(request, id: id, path: path, query: query, info: info, warnings: warnings)
        } catch {
            response = failure(error, request, query, id: id)
        }
        response.headers[.auditID] = id
        if response.headers[.cacheControl] == nil {
            response.headers[.cacheControl] = "no-cache, private"
            if info.isResourceRequest { response.headers.append(HTTPField(name: .cacheControl, value: "no-store")) }
        }
        for value in warnings.headerValues { response.headers.append(HTTPField(name: .warning, value: value)) }
        if request.method == "HEAD" {
            response.body = .bytes([])
        } else {
            ResponseCompression.apply(to: &response, request)
        }
        return response
    }

    private func answer(
        _ request: ServerRequest, id: String, path: String, query: QueryParameters, info: RequestInfo,
        warnings: WarningRecorder
    ) async throws -> ServerResponse {
        if info.isMalformed {
            return .text(
                500,
                "Internal Server Error: \(goQuoted(request.path)): failed to create RequestInfo: unable to determine kind and namespace from url, \(request.path)\n"
            )
        }
        var user = try await authenticator.authenticate(request) ?? .anonymous
        user = try await impersonation.effectiveUser(for: user, request)
        let ticket = try flow.admit(info, isExempt: user.groups.contains(UserInfo.masters))
        defer { ticket.release() }
        try await authorize(user, info)
        let context = RequestContext(
            id: id, user: user, resource: GroupResource(group: info.group, resource: info.resource),
            subresource: info.subresource, userAgent: request.header(.userAgent) ?? "", now: clock(),
            warnings: warnings, logger: logger)
        return try await withDeadline(info, query, method: request.method) {
            try await routes.response(to: request, path: path, query: query, context)
        }
    }

    private func authorize(_ user: UserInfo, _ info: RequestInfo) async throws {
        let access = info.access
        let decision = try await authorizer.authorize(user, access)
        guard decision.isAllowed else { throw APIError.denied(user, access, decision) }
    }

    /// Ends a request that takes too long with 504; watches and imports have time of their own.
    ///
    /// Reads are answered from memory and wait for nothing but the bounded wait for a resource version: they go
    /// without the cost of a timer.
    private func withDeadline(
        _ info: RequestInfo, _ query: QueryParameters, method: String,
        _ body: @escaping @Sendable () async throws -> ServerResponse
    ) async throws -> ServerResponse {
        let isImport = info.resource == "imagestreamimports"
        if info.isLongRunning || isImport { return try await body() }
        var limit = configuration.requestTimeout
        if let text = query["timeout"], !text.isEmpty {
            guard let wanted = GoDuration(text) else {
                throw APIError.badRequest(
                    "invalid timeout specified in the request URL - time: invalid duration \(goQuoted(text))")
            }
            if wanted.duration > .zero { limit = min(limit, wanted.duration) }
        }
        if method == "GET" { return try await body() }
        return try await Deadline.run(limit, body)
    }

    private func failure(_ error: any Error, _ request: ServerRequest, _ query: QueryParameters, id: String)
        -> ServerResponse
    {
        let encoder = ResponseEncoder(form: .forErrors(request, query))
        switch error {
        case let error as APIError:
            var response = encoder.response(error)
            if error.code == 403 { response.headers[.contentTypeOptions] = "nosniff" }
            return response
        case is FlowControl.Rejected:
            var response = ServerResponse.text(429, "Too many requests, please try again later.\n")
            response.headers[.retryAfter] = "1"
            return response
        default:
            logger.error("request failed", metadata: ["request": "\(id)", "error": "\(error)"])
            return encoder.response(APIError.internalError("\(error)"))
        }
    }
}

extension APIError {
    /// The refusal of the authorizer (spec/api-machinery.md 2.8).
    static func denied(_ user: UserInfo, _ access: AccessAttributes, _ decision: AccessDecision) -> APIError {
        let reason = decision.reason.isEmpty ? "" : ": \(decision.reason)"
        let name = escaped(goQuoted(user.name))
        guard access.isResourceRequest else {
            return .forbiddenPath("User \(name) cannot \(access.verb) path \(escaped(goQuoted(access.path)))\(reason)")
        }
        let resource = access.subresource.isEmpty ? access.resource : "\(access.resource)/\(access.subresource)"
        let scope = access.namespace.isEmpty ? "at the cluster scope" : "in the namespace \(goQuoted(access.namespace))"
        return .forbidden(
            GroupResource(group: access.group, resource: access.resource), access.name,
            "User \(name) cannot \(access.verb) resource \(goQuoted(resource)) in API group \(goQuoted(access.group)) \(scope)\(reason)"
        )
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
