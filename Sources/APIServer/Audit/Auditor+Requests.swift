import APIMachinery

extension Auditor {
    /// A request that is answered beside the API, by the registry for example: what the log needs to know of it.
    package struct ForeignRequest: Sendable {
        package var id: String
        package var request: ServerRequest
        package var received: MicroTime
        /// Nobody where authentication failed.
        package var user: UserInfo?
        package var object: AuditEvent.ObjectReference?
        package var annotations: [String: String] = [:]
        /// Why it failed; nil for a success.
        package var failure: (reason: String, message: String)?

        package init(id: String, request: ServerRequest, received: MicroTime) {
            self.id = id
            self.request = request
            self.received = received
        }
    }

    /// Writes a request down when its answer is complete, as the policy has it for its path: it counts as no resource.
    /// - Parameter bytesKey: the annotation that says how many bytes of a streamed body were sent.
    /// - Returns: the answer to send.
    package func note(_ note: ForeignRequest, _ response: ServerResponse, bytesKey: String) async -> ServerResponse {
        var info = RequestInfo(method: note.request.method, path: note.request.path, query: QueryParameters(""))
        info.isResourceRequest = false
        let verdict = policy.verdict(for: info, note.user ?? UserInfo(name: ""))
        count(verdict.level)
        guard verdict.level != .none, !verdict.omitStages.contains(.responseComplete) else { return response }
        var event = AuditEvent(
            level: .metadata, auditID: note.id, stage: .responseComplete, requestURI: AuditSecrecy.uri(note.request),
            verb: info.verb, user: note.user, impersonatedUser: nil, received: note.received, time: note.received)
        event.sourceIPs = AuditSource.addresses(of: note.request)
        event.userAgent = AuditSource.userAgent(of: note.request)
        event.object = note.object
        event.annotations = note.annotations
        var outcome = AuditEvent.Outcome(code: response.status)
        if let failure = note.failure {
            outcome.status = "Failure"
            outcome.reason = failure.reason
            outcome.message = failure.message
        }
        event.outcome = outcome
        let complete = event
        var response = response
        let body = response.body.observed { [self] count in
            var event = complete
            event.annotations[bytesKey] = String(count)
            event.time = clock()
            await write(event)
        }
        if let body {
            response.body = body
        } else {
            event.time = clock()
            if event.annotations[bytesKey] == nil, let length = response.body.length {
                event.annotations[bytesKey] = String(length)
            }
            await write(event)
        }
        return response
    }
}
