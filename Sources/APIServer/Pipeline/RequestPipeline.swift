import APIMachinery
import HTTPTypes
import JSON
import Logging
import Synchronization

/// The API as one function from request to answer: the pipeline of design section 6 around the endpoints.
///
/// *request id → authenticate → audit → impersonate → flow control → authorise → endpoint*; the order is observable
/// (spec/api-machinery.md 1.13). What audit and metrics get to know on the way is told them again when the answer is
/// there.
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
        /// Writes the audit log; nil where there is none.
        public var auditor: Auditor?
        /// What `/metrics` tells; the pipeline adds its own figures.
        public var metrics = MetricsRegistry()

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
    private let deadlines = RequestDeadlines()
    private let routes: Routes
    private let auditor: Auditor?
    private let requests: RequestMetrics
    private let identities: IdentityMetrics
    private let clock: @Sendable () -> Timestamp
    private let logger: Logger

    /// - Parameter handlers: what is served beside the resources.
    public init(
        resources: [any Resource], handlers: [any PathHandler] = [], configuration: Configuration,
        authenticator: any Authenticator,
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
            resources: resources, handlers: handlers, namespaces: namespaces, authorizer: authorizer,
            healthChecks: healthChecks,
            version: configuration.version, serverAddress: configuration.serverAddress, metrics: configuration.metrics)
        requests = RequestMetrics(resources.map(\.descriptor))
        identities = IdentityMetrics(configuration.metrics)
        var auditor = configuration.auditor
        auditor?.schemas = routes.schemas
        self.auditor = auditor
        configuration.metrics.register(requests)
        configuration.metrics.register(flow)
        configuration.metrics.register(ObjectMetrics(resources))
    }

    /// Answers a request; never throws: every failure has its form.
    public func respond(to request: ServerRequest) async -> ServerResponse {
        let arrival = ContinuousClock.now
        let id = request.header(.auditID).flatMap { $0.isEmpty ? nil : $0 } ?? UUID4.random()
        let warnings = WarningRecorder()
        let path = PercentEncoding.decode(path: request.path)
        let query = QueryParameters(request.query)
        let info = RequestInfo(method: request.method, path: path, query: query)
        let trail = auditor.map { AuditTrail($0, id: id, request, info) }
        var isTerminated = false
        var response: ServerResponse
        do {
            response = try await answer(
                request, id: id, path: path, query: query, info: info, warnings: warnings, trail: trail)
        } catch {
            isTerminated = error.endsInSelfDefence
            response = failure(error, request, query, id: id, trail)
        }
        response.headers[.auditID] = id
        if response.headers[.cacheControl] == nil {
            response.headers[.cacheControl] = "no-cache, private"
            if info.isResourceRequest { response.headers.append(HTTPField(name: .cacheControl, value: "no-store")) }
        }
        for value in warnings.headerValues { response.headers.append(HTTPField(name: .warning, value: value)) }
        if request.method == "HEAD" { response.body = .bytes([]) }
        if let trail { response = await trail.complete(response) }
        ResponseCompression.apply(to: &response, request)
        measure(&response, requests.labels(request, info, query), info, since: arrival, isTerminated)
        return response
    }

    /// Counts the request: now, or when its streamed answer has ended.
    private func measure(
        _ response: inout ServerResponse, _ labels: RequestLabels, _ info: RequestInfo,
        since arrival: ContinuousClock.Instant, _ isTerminated: Bool
    ) {
        let code = response.status
        let isLongRunning = info.isLongRunning
        let streamed = response.body.observed { [requests] in
            if isLongRunning { requests.longRunning(labels, 1) }
        } onEnd: { [requests] bytes in
            if isLongRunning { requests.longRunning(labels, -1) }
            let duration = isLongRunning ? nil : arrival.duration(to: .now)
            requests.record(labels, code: code, duration: duration, bytes: bytes)
        }
        if let streamed {
            response.body = streamed
        } else {
            requests.record(
                labels, code: code, duration: isLongRunning ? nil : arrival.duration(to: .now),
                bytes: response.body.length, isTerminated: isTerminated)
        }
    }

    private func answer(
        _ request: ServerRequest, id: String, path: String, query: QueryParameters, info: RequestInfo,
        warnings: WarningRecorder, trail: AuditTrail?
    ) async throws -> ServerResponse {
        if info.isMalformed {
            return .text(
                500,
                "Internal Server Error: \(goQuoted(request.path)): failed to create RequestInfo: unable to determine kind and namespace from url, \(request.path)\n"
            )
        }
        let caller = try await authenticate(request, trail)
        let user = try await impersonation.effectiveUser(for: caller, request, info)
        if let trail, user != caller { trail.impersonate(user) }
        let request = trail?.observing(request) ?? request
        let ticket = try await flow.admit(info, user, limit: requestLimit(query) ?? configuration.requestTimeout)
        defer { ticket.release() }
        try await authorize(user, info, trail)
        let context = RequestContext(
            id: id, user: user, resource: GroupResource(group: info.group, resource: info.resource),
            subresource: info.subresource, userAgent: request.header(.userAgent) ?? "", now: clock(),
            warnings: warnings, logger: logger)
        return try await withDeadline(info, query, method: request.method) {
            try await routes.response(to: request, path: path, query: query, context)
        }
    }

    /// Finds out who makes the request, and lets the audit log know.
    private func authenticate(_ request: ServerRequest, _ trail: AuditTrail?) async throws -> UserInfo {
        let user: UserInfo?
        do { user = try await authenticator.authenticate(request) } catch {
            identities.authenticationFailed()
            trail?.beginUnauthenticated()
            throw error
        }
        identities.authenticated(user)
        if let trail { await trail.begin(user ?? .anonymous) }
        return user ?? .anonymous
    }

    private func authorize(_ user: UserInfo, _ info: RequestInfo, _ trail: AuditTrail?) async throws {
        let access = info.access
        let decision: AccessDecision
        do { decision = try await authorizer.authorize(user, access) } catch {
            identities.authorized(nil)
            throw error
        }
        identities.authorized(decision)
        trail?.authorized(decision)
        guard decision.isAllowed else { throw APIError.denied(user, access, decision) }
    }

    /// Ends a request that takes too long with 504; watches and imports have time of their own. Reads are answered from
    /// memory, or by looks into the store that nobody can hold up, and wait for nothing but a resource version, for a time
    /// that is bounded.
    private func withDeadline(
        _ info: RequestInfo, _ query: QueryParameters, method: String,
        _ body: () async throws -> ServerResponse
    ) async throws -> ServerResponse {
        let isImport = info.resource == "imagestreamimports"
        if info.isLongRunning || isImport { return try await body() }
        guard let limit = requestLimit(query) else {
            throw APIError.badRequest(
                "invalid timeout specified in the request URL - time: invalid duration \(goQuoted(query["timeout"] ?? ""))"
            )
        }
        if method == "GET" { return try await body() }
        return try await deadlines.run(limit, body)
    }

    /// The time a request may take: what it asks for, within the server's bound. Nil where it asks for nonsense.
    private func requestLimit(_ query: QueryParameters) -> Duration? {
        guard let text = query["timeout"], !text.isEmpty else { return configuration.requestTimeout }
        guard let wanted = GoDuration(text) else { return nil }
        return wanted.duration > .zero
            ? min(configuration.requestTimeout, wanted.duration) : configuration.requestTimeout
    }

    private func failure(
        _ error: any Error, _ request: ServerRequest, _ query: QueryParameters, id: String, _ trail: AuditTrail?
    ) -> ServerResponse {
        let encoder = ResponseEncoder(form: .forErrors(request, query))
        switch error {
        case let error as APIError:
            trail?.failed(error)
            var response = encoder.response(error)
            if error.code == 403 { response.headers[.contentTypeOptions] = "nosniff" }
            return response
        case is FlowControl.Rejected:
            var response = ServerResponse.text(429, "Too many requests, please try again later.\n")
            response.headers[.retryAfter] = "1"
            return response
        case is CancellationError:
            // The client has left: this is for nobody but the audit log.
            let shown = APIError.timeout("request was cancelled")
            trail?.failed(shown)
            return encoder.response(shown)
        default:
            logger.error("request failed", metadata: ["request": "\(id)", "error": "\(error)"])
            let shown = APIError.internalError("\(error)")
            trail?.failed(shown)
            return encoder.response(shown)
        }
    }
}

extension Error {
    /// Whether the server ended a request because it took too much: a place, or time.
    fileprivate var endsInSelfDefence: Bool {
        self is FlowControl.Rejected || (self as? APIError)?.code == 504
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
