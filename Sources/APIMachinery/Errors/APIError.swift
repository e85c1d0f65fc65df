/// A request that failed, in the form clients know: a `metav1.Status` with its HTTP code.
///
/// Every error of the API ends as one of these; the constructors hold the texts of spec/api-machinery.md section 2.
public struct APIError: Error, Sendable {
    public var status: Status

    public init(_ status: Status) { self.status = status }

    public var code: Int { Int(status.code) }
    public var reason: String { status.reason }
    public var message: String { status.message }

    private init(
        code: Int32, reason: String, message: String, details: StatusDetails? = nil
    ) {
        status = Status(status: "Failure", message: message, reason: reason, details: details, code: code)
    }
}

extension APIError {
    public static func notFound(_ resource: GroupResource, _ name: String) -> APIError {
        APIError(
            code: 404, reason: "NotFound", message: "\(resource) \"\(name)\" not found",
            details: StatusDetails(name: name, group: resource.group, kind: resource.resource))
    }

    /// Where no route takes the path below a served group version (2.13).
    public static var noSuchResource: APIError {
        APIError(
            code: 404, reason: "NotFound", message: "the server could not find the requested resource",
            details: StatusDetails())
    }

    public static func alreadyExists(_ resource: GroupResource, _ name: String, beingDeleted: Bool = false) -> APIError
    {
        let prefix = beingDeleted ? "object is being deleted: " : ""
        return APIError(
            code: 409, reason: "AlreadyExists", message: "\(prefix)\(resource) \"\(name)\" already exists",
            details: StatusDetails(name: name, group: resource.group, kind: resource.resource))
    }

    /// No free name was found for a `generateName` (2.3).
    public static func generateNameExhausted(_ resource: GroupResource, _ name: String) -> APIError {
        APIError(
            code: 409, reason: "AlreadyExists",
            message:
                "\(resource) \"\(name)\" already exists, the server was not able to generate a unique name for the object",
            details: StatusDetails(
                name: name, group: resource.group, kind: resource.resource, retryAfterSeconds: 1))
    }

    public static func conflict(_ resource: GroupResource, _ name: String, _ inner: String) -> APIError {
        APIError(
            code: 409, reason: "Conflict",
            message: "Operation cannot be fulfilled on \(resource) \"\(name)\": \(inner)",
            details: StatusDetails(name: name, group: resource.group, kind: resource.resource))
    }

    /// The text of a conflict on a stale `resourceVersion` (2.4).
    public static let modifiedText =
        "the object has been modified; please apply your changes to the latest version and try again"

    /// - Parameter kind: the group and *kind* of the object, as `GroupResource(group:resource: "ImageStream")`.
    public static func invalid(_ kind: GroupResource, _ name: String, _ errors: [FieldError]) -> APIError {
        let text = errors.isEmpty ? "" : ": \(errors.aggregateText)"
        return APIError(
            code: 422, reason: "Invalid", message: "\(kind) \"\(name)\" is invalid\(text)",
            details: StatusDetails(name: name, group: kind.group, kind: kind.resource, causes: errors.map(\.cause)))
    }

    /// A JSON patch that cannot be applied: the cause is hidden, as the reference does (6.2).
    public static var unprocessable: APIError {
        APIError(
            code: 422, reason: "Invalid",
            message: "the server rejected our request due to an error in our request", details: StatusDetails())
    }

    public static func badRequest(_ message: String) -> APIError {
        APIError(code: 400, reason: "BadRequest", message: message)
    }

    public static var unauthorized: APIError {
        APIError(code: 401, reason: "Unauthorized", message: "Unauthorized")
    }

    public static func forbidden(_ resource: GroupResource, _ name: String, _ text: String) -> APIError {
        let subject = name.isEmpty ? "\(resource)" : "\(resource) \"\(name)\""
        return APIError(
            code: 403, reason: "Forbidden", message: "\(subject) is forbidden: \(text)",
            details: StatusDetails(name: name, group: resource.group, kind: resource.resource))
    }

    public static func forbiddenPath(_ text: String) -> APIError {
        APIError(code: 403, reason: "Forbidden", message: "forbidden: \(text)", details: StatusDetails())
    }

    /// The storage of a resource cannot do the verb (2.9).
    public static func methodNotSupported(_ resource: GroupResource, verb: String) -> APIError {
        APIError(
            code: 405, reason: "MethodNotAllowed",
            message: "\(verb) is not supported on resources of kind \"\(resource)\"",
            details: StatusDetails(group: resource.group, kind: resource.resource))
    }

    /// The path exists, the method does not (2.9).
    public static var methodNotAllowed: APIError {
        APIError(
            code: 405, reason: "MethodNotAllowed",
            message: "the server does not allow this method on the requested resource", details: StatusDetails())
    }

    /// - Parameter routed: whether the router refused (details present) or the negotiation behind it.
    public static func notAcceptable(_ message: String, routed: Bool = false) -> APIError {
        APIError(code: 406, reason: "NotAcceptable", message: message, details: routed ? StatusDetails() : nil)
    }

    public static func unsupportedMediaType(_ message: String, routed: Bool = false) -> APIError {
        APIError(code: 415, reason: "UnsupportedMediaType", message: message, details: routed ? StatusDetails() : nil)
    }

    public static func expired(_ message: String) -> APIError {
        APIError(code: 410, reason: "Expired", message: message)
    }

    public static func tooLarge(_ message: String) -> APIError {
        APIError(code: 413, reason: "RequestEntityTooLarge", message: "Request entity too large: \(message)")
    }

    public static func tooManyRequests(_ message: String, retryAfter: Int32) -> APIError {
        APIError(
            code: 429, reason: "TooManyRequests", message: message,
            details: StatusDetails(retryAfterSeconds: retryAfter))
    }

    public static func internalError(_ text: String) -> APIError {
        APIError(
            code: 500, reason: "InternalError", message: "Internal error occurred: \(text)",
            details: StatusDetails(causes: [StatusCause(message: text)]))
    }

    /// An error that carries neither reason nor details: the reference lets some escape like that.
    public static func plain(_ message: String) -> APIError {
        APIError(code: 500, reason: "", message: message)
    }

    public static func serverTimeout(_ resource: GroupResource, operation: String) -> APIError {
        APIError(
            code: 500, reason: "ServerTimeout",
            message:
                "The \(operation) operation against \(resource) could not be completed at this time, please try again.",
            details: StatusDetails(
                name: operation, group: resource.group, kind: resource.resource, retryAfterSeconds: 2))
    }

    public static func serviceUnavailable(_ message: String, retryAfter: Int32) -> APIError {
        APIError(
            code: 503, reason: "ServiceUnavailable", message: message,
            details: StatusDetails(retryAfterSeconds: retryAfter))
    }

    public static func timeout(_ message: String, retryAfter: Int32 = 0) -> APIError {
        APIError(
            code: 504, reason: "Timeout", message: "Timeout: \(message)",
            details: retryAfter > 0 ? StatusDetails(retryAfterSeconds: retryAfter) : nil)
    }

    /// A resource version this server has not seen yet (4.4).
    public static func futureResourceVersion(_ requested: Int64, current: Int64) -> APIError {
        APIError(
            code: 504, reason: "Timeout",
            message: "Timeout: Too large resource version: \(requested), current: \(current)",
            details: StatusDetails(
                causes: [StatusCause(reason: "ResourceVersionTooLarge", message: "Too large resource version")],
                retryAfterSeconds: 1))
    }
}
