import APIMachinery
import Synchronization

/// What the audit log gets to know of one request, from its arrival to the end of its answer.
///
/// Until the policy has said what is wanted, and for good where that is nothing, a trail costs next to nothing.
final class AuditTrail: Sendable {
    private struct State {
        var verdict = AuditPolicy.Verdict(level: .none)
        var user: UserInfo?
        var impersonatedUser: UserInfo?
        var annotations: [String: String] = [:]
        var failure: AuditEvent.Outcome?
        var requestObject: [UInt8]?
        /// The answer quotes what nobody could read: that may be anything.
        var answerQuotesBody = false
    }

    private let auditor: Auditor
    private let id: String
    private let request: ServerRequest
    private let info: RequestInfo
    private let received: MicroTime
    private let state = Mutex(State())

    init(_ auditor: Auditor, id: String, _ request: ServerRequest, _ info: RequestInfo) {
        self.auditor = auditor
        self.id = id
        self.request = request
        self.info = info
        received = auditor.clock()
    }

    // MARK: On the way in

    /// It is known who makes the request: the policy says what is written, and the first event is.
    func begin(_ user: UserInfo) async {
        decide(user)
        await write(.requestReceived)
    }

    /// Nobody knows who makes the request: only that it was refused is written.
    func beginUnauthenticated() {
        decide(nil)
        annotateFailure(.init(status: "Failure", message: AuditSource.attempts(of: request), reason: "Unauthorized"))
    }

    private func decide(_ user: UserInfo?) {
        let verdict = auditor.policy.verdict(for: info, user ?? UserInfo(name: ""))
        auditor.count(verdict.level)
        state.withLock { state in
            state.verdict = verdict
            state.user = user
        }
    }

    func impersonate(_ user: UserInfo) { state.withLock { $0.impersonatedUser = user } }

    func authorized(_ decision: AccessDecision) {
        state.withLock { state in
            guard state.verdict.level != .none else { return }
            state.annotations["authorization.k8s.io/decision"] = decision.isAllowed ? "allow" : "forbid"
            state.annotations["authorization.k8s.io/reason"] = decision.reason
        }
    }

    /// The request, with a body that is remembered when it is read; as it is, where the log does not want bodies.
    func observing(_ request: ServerRequest) -> ServerRequest {
        guard wantsBody(.request) else { return request }
        var observed = request
        let body = request.body
        observed.body = BodyReader(announcedLength: body.announcedLength) { [self] limit in
            let bytes = try await body.collect(upTo: limit)
            let type = request.header(.contentType).map(InputFormat.mediaType) ?? ""
            if let json = logged(bytes, type, "request") { state.withLock { $0.requestObject = json } }
            return bytes
        } next: { consume in
            try await body.next(consume)
        }
        return observed
    }

    private func wantsBody(_ level: AuditPolicy.Level) -> Bool {
        state.withLock { $0.verdict.level } >= level && info.isResourceRequest && !AuditSecrecy.covers(info)
    }

    private func logged(_ bytes: [UInt8], _ mediaType: String, _ which: String) -> [UInt8]? {
        let omitsManagedFields = state.withLock { $0.verdict.omitsManagedFields }
        return logged(
            AuditBody(
                bytes, mediaType: mediaType, schemas: auditor.schemas, omitsManagedFields: omitsManagedFields),
            which)
    }

    /// What the log has of a body; the reason why it is nothing becomes an annotation.
    private func logged(_ body: AuditBody, _ which: String) -> [UInt8]? {
        switch body {
        case .none: return nil
        case .json(let json): return json
        case .omitted(let reason):
            state.withLock { $0.annotations["audit.weir.dev/\(which)-object-omitted"] = reason }
            return nil
        }
    }

    /// The request failed with a Status of its own.
    func failed(_ error: APIError) {
        let status = error.status
        // The texts of errors may quote the body.
        let isSecret = AuditSecrecy.covers(info) && status.code != 401 && status.code != 403
        let unquoted = AuditSecrecy.withoutQuotation(status.message)
        if unquoted != status.message { state.withLock { $0.answerQuotesBody = true } }
        annotateFailure(
            .init(
                status: status.status, message: isSecret ? "" : unquoted, reason: status.reason,
                details: isSecret ? nil : status.details))
    }

    private func annotateFailure(_ outcome: AuditEvent.Outcome) {
        state.withLock { if $0.failure == nil { $0.failure = outcome } }
    }

    // MARK: On the way out

    /// The answer is known, and not compressed yet.
    /// - Returns: the answer to send. Of a streamed one the last event is written when the stream ends.
    func complete(_ response: ServerResponse) async -> ServerResponse {
        guard state.withLock({ $0.verdict.level }) != .none else { return response }
        guard state.withLock({ $0.user }) != nil else {
            // As the reference has it, a request that was refused at the door never gets to be complete.
            await write(.responseStarted, response)
            return response
        }
        var response = response
        if info.isLongRunning { await write(.responseStarted, response) }
        let head = response
        if let body = response.body.observed(onEnd: { _ in await self.write(.responseComplete, head) }) {
            response.body = body
        } else {
            await write(.responseComplete, response)
        }
        return response
    }

    private func write(_ stage: AuditPolicy.Stage, _ response: ServerResponse? = nil) async {
        let state = state.withLock { $0 }
        guard state.verdict.level != .none, !state.verdict.omitStages.contains(stage) else { return }
        var event = AuditEvent(
            level: state.verdict.level, auditID: id, stage: stage, requestURI: AuditSecrecy.uri(request),
            verb: info.verb, user: state.user, impersonatedUser: state.impersonatedUser, received: received,
            time: stage == .requestReceived ? received : auditor.clock())
        event.sourceIPs = AuditSource.addresses(of: request)
        event.userAgent = AuditSource.userAgent(of: request)
        if info.isResourceRequest { event.object = reference(state, response) }
        event.requestObject = state.requestObject
        if let response {
            event.outcome = state.failure ?? AuditEvent.Outcome()
            event.outcome?.code = response.status
            event.responseObject = responseObject(response, stage)
        }
        // Noted last: the bodies may have left a word.
        event.annotations = self.state.withLock { $0.annotations }
        if AuditSecrecy.covers(info) { event.level = min(event.level, .metadata) }
        await auditor.write(event)
    }

    private func reference(_ state: State, _ response: ServerResponse?) -> AuditEvent.ObjectReference {
        var object = AuditEvent.ObjectReference(
            resource: info.resource, namespace: info.namespace, name: info.name, apiGroup: info.group,
            apiVersion: info.version, subresource: info.subresource)
        if let json = state.requestObject {
            let identity = AuditBody.identity(of: json)
            if object.name.isEmpty { object.name = identity.name }
            object.uid = identity.uid
            object.resourceVersion = identity.resourceVersion
        }
        // The URL of a create does not say what is created: the answer does.
        guard object.name.isEmpty, info.verb == "create" else { return object }
        if let details = state.failure?.details, details.kind.lowercased() == info.resource || details.kind.isEmpty {
            object.name = details.name
        } else if let response, response.status < 300, response.isJSON, let bytes = response.body.joined {
            object.name = AuditBody.identity(of: bytes).name
        }
        return object
    }

    private func responseObject(_ response: ServerResponse, _ stage: AuditPolicy.Stage) -> [UInt8]? {
        guard stage == .responseComplete, wantsBody(.requestResponse), !state.withLock({ $0.answerQuotesBody }),
            let length = response.body.length
        else { return nil }
        // A list may be too long even to be joined.
        guard length <= AuditBody.maximumBytes, let bytes = response.body.joined else {
            return logged(.tooLarge(length), "response")
        }
        return logged(bytes, InputFormat.mediaType(response.headers[.contentType] ?? ""), "response")
    }
}

extension ServerResponse {
    fileprivate var isJSON: Bool { headers[.contentType]?.hasPrefix("application/json") ?? false }
}
