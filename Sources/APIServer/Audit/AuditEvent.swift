import APIMachinery

/// One line of the audit log: what is known of a request at one stage (spec/api-machinery.md 9.9).
public struct AuditEvent: Sendable {
    /// The object a request is about; empty members are left out.
    public struct ObjectReference: Sendable, Hashable {
        public var resource = ""
        public var namespace = ""
        public var name = ""
        public var uid = ""
        public var apiGroup = ""
        public var apiVersion = ""
        public var resourceVersion = ""
        public var subresource = ""

        public init(
            resource: String = "", namespace: String = "", name: String = "", uid: String = "", apiGroup: String = "",
            apiVersion: String = "", resourceVersion: String = "", subresource: String = ""
        ) {
            self.resource = resource
            self.namespace = namespace
            self.name = name
            self.uid = uid
            self.apiGroup = apiGroup
            self.apiVersion = apiVersion
            self.resourceVersion = resourceVersion
            self.subresource = subresource
        }
    }

    /// What came of it.
    public struct Outcome: Sendable, Hashable {
        public var code = 0
        /// `Failure`; empty for a success that needs no words. So the other members.
        public var status = ""
        public var message = ""
        public var reason = ""
        public var details: StatusDetails?
    }

    public var level: AuditPolicy.Level
    public var auditID: String
    public var stage: AuditPolicy.Stage
    public var requestURI: String
    public var verb: String
    /// Nobody where authentication failed.
    public var user: UserInfo?
    public var impersonatedUser: UserInfo?
    public var sourceIPs: [String] = []
    public var userAgent = ""
    public var object: ObjectReference?
    public var outcome: Outcome?
    /// Compact JSON.
    public var requestObject: [UInt8]?
    /// Compact JSON.
    public var responseObject: [UInt8]?
    public var received: MicroTime
    public var time: MicroTime
    public var annotations: [String: String] = [:]

    /// About how much memory the event takes while it waits.
    var cost: Int { 1_024 + requestURI.utf8.count + (requestObject?.count ?? 0) + (responseObject?.count ?? 0) }
}

/// Where events go.
public protocol AuditSink: Sendable {
    /// Takes an event over; waits while too many of them are on their way. No event is refused.
    func append(_ event: AuditEvent) async
}
