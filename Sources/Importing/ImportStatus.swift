/// A failure as clients see it: the members of a `metav1.Status` with `status: Failure`.
public struct ImportStatus: Hashable, Sendable {
    public struct Cause: Hashable, Sendable {
        public var reason: String
        public var message: String
        public var field: String

        public init(reason: String = "", message: String, field: String = "") {
            self.reason = reason
            self.message = message
            self.field = field
        }
    }

    /// Empty members are absent.
    public struct Details: Hashable, Sendable {
        public var name = ""
        public var group = ""
        public var kind = ""
        public var causes: [Cause] = []
        public var retryAfterSeconds: Int32 = 0
    }

    /// The HTTP status; nil where the reference sets none.
    public var code: Int32?
    public var reason: String
    public var message: String
    /// Nil when `details` is absent; `Details()` when it is `{}`.
    public var details: Details?

    public init(code: Int32?, reason: String, message: String, details: Details? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
    }
}
