import APIMachinery
import APIServer
import HTTPTypes
import JSON
import OCI

/// A refused registry request: its HTTP status and the OCI error document (spec/registry.md 1.3).
public struct RegistryError: Error, Sendable {
    /// The codes of OCI distribution, and those that tools know beside them.
    public enum Code: String, Sendable, CaseIterable {
        case blobUnknown = "BLOB_UNKNOWN"
        case blobUploadInvalid = "BLOB_UPLOAD_INVALID"
        case blobUploadUnknown = "BLOB_UPLOAD_UNKNOWN"
        case denied = "DENIED"
        case digestInvalid = "DIGEST_INVALID"
        case manifestBlobUnknown = "MANIFEST_BLOB_UNKNOWN"
        case manifestInvalid = "MANIFEST_INVALID"
        case manifestUnknown = "MANIFEST_UNKNOWN"
        case nameInvalid = "NAME_INVALID"
        case nameUnknown = "NAME_UNKNOWN"
        case paginationNumberInvalid = "PAGINATION_NUMBER_INVALID"
        case pullThroughManifest = "OPENSHIFT_PULLTHROUGH_MANIFEST"
        case rangeInvalid = "RANGE_INVALID"
        case signatureExists = "SIGNATURE_EXISTS"
        case signatureInvalid = "SIGNATURE_INVALID"
        case sizeInvalid = "SIZE_INVALID"
        case tagInvalid = "TAG_INVALID"
        case tooManyRequests = "TOOMANYREQUESTS"
        case unauthorized = "UNAUTHORIZED"
        case unavailable = "UNAVAILABLE"
        case unknown = "UNKNOWN"
        case unsupported = "UNSUPPORTED"
    }

    /// One entry of the document.
    public struct Entry: Sendable {
        public var code: Code
        public var message: String
        /// Null where there is nothing more to say.
        public var detail: JSONValue
    }

    /// That of the first entry.
    public var status: Int
    public var entries: [Entry]
    /// Headers of the answer besides the document's.
    public var headers: HTTPFields = [:]

    public init(_ status: Int, _ code: Code, _ message: String, detail: JSONValue = nil, headers: HTTPFields = [:]) {
        self.status = status
        entries = [Entry(code: code, message: message, detail: detail)]
        self.headers = headers
    }

    /// The error document.
    public var response: ServerResponse {
        let errors = entries.map { entry -> JSONValue in
            ["code": .string(entry.code.rawValue), "message": .string(entry.message), "detail": entry.detail]
        }
        let document: JSONValue = ["errors": .array(errors)]
        var headers = headers
        headers[.contentType] = "application/json"
        return ServerResponse(status: status, headers: headers, body: .bytes(document.jsonBytes()))
    }
}

extension RegistryError {
    public static let unauthorized = RegistryError(401, .unauthorized, "authentication required")

    /// - Parameter reason: which limit or permission it was: clients print it.
    public static func denied(_ reason: String) -> RegistryError {
        RegistryError(403, .denied, reason, detail: .string(reason))
    }

    public static func unknownRepository(_ name: RepositoryPath) -> RegistryError {
        RegistryError(
            404, .nameUnknown, "repository name not known to registry", detail: ["name": .string(name.name)])
    }

    public static func unknownTag(_ tag: String) -> RegistryError {
        RegistryError(404, .manifestUnknown, "manifest unknown", detail: ["Tag": .string(tag)])
    }

    public static func unknownManifest(_ digest: Digest, in name: RepositoryPath) -> RegistryError {
        RegistryError(
            404, .manifestUnknown, "manifest unknown",
            detail: ["Name": .string(name.name), "Revision": .string(digest.description)])
    }

    /// - Parameter cause: why it could not be had from elsewhere, where that was tried.
    public static func unknownBlob(_ digest: Digest, cause: String? = nil) -> RegistryError {
        guard let cause else {
            return RegistryError(
                404, .blobUnknown, "blob unknown to registry", detail: .string(digest.description))
        }
        return RegistryError(
            404, .blobUnknown, "blob unknown to registry",
            detail: ["digest": .string(digest.description), "cause": .string(cause)])
    }

    public static let unknownUpload = RegistryError(404, .blobUploadUnknown, "blob upload unknown to registry")

    public static func invalidDigest(_ text: String, _ reason: String) -> RegistryError {
        RegistryError(
            400, .digestInvalid, "provided digest did not match uploaded content",
            detail: ["digest": .string(text), "reason": .string(reason)])
    }

    public static func invalidManifest(_ reason: String) -> RegistryError {
        RegistryError(400, .manifestInvalid, "manifest invalid", detail: .string(reason))
    }

    public static func invalidName(_ name: String, _ reason: String) -> RegistryError {
        RegistryError(
            400, .nameInvalid, "invalid repository name",
            detail: ["name": .string(name), "reason": .string(reason)])
    }

    /// - Parameter allowed: the methods that the path knows.
    public static func unsupported(_ message: String = "the operation is unsupported", allowed: [String] = [])
        -> RegistryError
    {
        var headers: HTTPFields = [:]
        if !allowed.isEmpty { headers[.allow] = allowed.joined(separator: ", ") }
        return RegistryError(405, .unsupported, message, headers: headers)
    }

    /// spec/registry.md 5.9.
    static let readOnlyWarning = WarningText.value(299, "registry is read-only")

    /// - Parameter isWhole: it is not the namespace alone.
    static func readOnly(_ route: RegistryRoute, isWhole: Bool) -> RegistryError {
        let place = isWhole ? "the registry" : route.repository.map { "namespace \($0.namespace)" } ?? "the registry"
        var error = unsupported(
            "\(place) is read-only", allowed: route.methods.filter { $0 == "GET" || $0 == "HEAD" })
        error.headers[.warning] = readOnlyWarning
        return error
    }

    /// - Parameter retryAfter: seconds.
    public static func unavailable(_ reason: String, retryAfter: Int = 1) -> RegistryError {
        RegistryError(
            503, .unavailable, "service unavailable", detail: .string(reason),
            headers: [.retryAfter: String(retryAfter)])
    }

    public static func unknown(_ reason: String, status: Int = 500) -> RegistryError {
        RegistryError(status, .unknown, "unknown error", detail: .string(reason))
    }
}

extension RegistryError {
    /// A refusal of the image API on the wire of the registry (spec/registry.md N-12).
    init(_ error: APIError, repository: RepositoryPath) {
        switch error.status.code {
        case 401, 403: self = .denied(error.message)
        case 404:
            // The namespace of a repository that is not there is nobody's business.
            self =
                error.status.details?.kind == "namespaces"
                ? .denied("namespace \(repository.namespace) does not exist") : .unknownRepository(repository)
        case 409:
            self = .unknown(error.message, status: 409)
            headers[.retryAfter] = "1"
        case 422:
            self =
                error.message.contains("exceeds the maximum limit")
                ? .denied(error.message) : .invalidManifest(error.message)
        case 429:
            self = RegistryError(
                429, .tooManyRequests, error.message,
                headers: [.retryAfter: String(error.status.details?.retryAfterSeconds ?? 1)])
        case 503, 504: self = .unavailable(error.message)
        default: self = .unknown(error.message)
        }
    }
}
