import APIServer
import HTTPTypes
import JSON

/// A refused registry request: its HTTP status and the OCI error document (OCI distribution 1.1, "Error Codes").
public struct RegistryError: Error, Sendable, Hashable {
    /// The codes of the specification.
    public enum Code: String, Sendable {
        case unauthorized = "UNAUTHORIZED"
        case denied = "DENIED"
        case nameUnknown = "NAME_UNKNOWN"
        case blobUnknown = "BLOB_UNKNOWN"
        case unsupported = "UNSUPPORTED"
    }
    public var status: Int
    public var code: Code
    public var message: String

    public init(status: Int, code: Code, message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    public static let unauthorized = RegistryError(
        status: 401, code: .unauthorized, message: "authentication required")

    public static let unknownRepository = RegistryError(
        status: 404, code: .nameUnknown, message: "repository name not known to registry")

    public static let unknownBlob = RegistryError(
        status: 404, code: .blobUnknown, message: "blob unknown to registry")

    public static let unsupported = RegistryError(
        status: 405, code: .unsupported, message: "the operation is unsupported")

    /// The error document.
    public var response: ServerResponse {
        let error: JSONValue = [
            "errors": [["code": .string(code.rawValue), "message": .string(message), "detail": nil]]
        ]
        return ServerResponse(status: status, contentType: "application/json", error.jsonBytes())
    }
}
