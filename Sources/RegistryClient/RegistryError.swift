public import OCI

/// Everything that can go wrong when a registry is asked. The wire form is in `text`.
public indirect enum RegistryError: Error, Hashable, Sendable {
    /// No answer, or half of one. `method` is written as Go does: `Get`, `Head`.
    case network(method: String, url: String, NetworkFailure)
    /// What answers at `/v2/` is no registry (G.2).
    case unsupportedEndpoint(endpoint: String, status: Int, statusLine: String, retryAfter: Duration?)
    /// The registry said what is wrong; never empty.
    case registry(status: Int, [RegistryErrorEntry], retryAfter: Duration?)
    /// A 4xx answer whose body says nothing.
    case unexplained(status: Int, why: String, body: String, retryAfter: Duration?)
    /// A status that fits nowhere, 5xx for the most part.
    case unexpectedStatus(Int, line: String, retryAfter: Duration?)
    /// 404 for a blob.
    case unknownBlob

    /// The error came up while authentication was being added to a request.
    case authenticating(method: String, url: String, RegistryError)
    /// The registry wants user and password, and there are none.
    case noBasicCredentials
    case noTokenRealm
    /// The realm is no URL, or no https one.
    case refusedTokenRealm(String)
    case noTokenInAnswer

    /// Registries ask each other in a circle.
    case loop(url: String)
    case tooManyRedirects(Int)
    case refusedRedirect(to: String, why: String)

    /// Longer than `limit` bytes.
    case tooLarge(String, limit: Int)
    case manifestMismatch(expected: Digest, computed: Digest)
    case blobMismatch(expected: Digest, computed: Digest)
    case invalidManifest(ManifestError)
    case missingContentLength(url: String)
    /// A list of tags without end, or with a page elsewhere.
    case badTagList(String)
    case invalidAnswer(String)
}

/// One element of a registry's list of errors.
public struct RegistryErrorEntry: Hashable, Sendable {
    /// Upper case, `MANIFEST_UNKNOWN`; codes nobody knows are `UNKNOWN`.
    public let code: String
    /// Empty where the registry gave none: `text` then has the code's default.
    public let message: String

    public init(code: String, message: String = "") {
        self.code = Self.defaultMessages[code] == nil ? "UNKNOWN" : code
        self.message = message
    }

    /// `manifest unknown: manifest unknown`
    public var text: String {
        let said = message.isEmpty ? Self.defaultMessages[code] ?? "" : message
        return "\(code.lowercased().replacing("_", with: " ")): \(said)"
    }

    static let defaultMessages = [
        "UNKNOWN": "unknown error",
        "UNSUPPORTED": "The operation is unsupported.",
        "UNAUTHORIZED": "authentication required",
        "DENIED": "requested access to the resource is denied",
        "UNAVAILABLE": "service unavailable",
        "TOOMANYREQUESTS": "too many requests",
        "DIGEST_INVALID": "provided digest did not match uploaded content",
        "SIZE_INVALID": "provided length did not match content length",
        "NAME_INVALID": "invalid repository name",
        "TAG_INVALID": "manifest tag did not match URI",
        "NAME_UNKNOWN": "repository name not known to registry",
        "MANIFEST_UNKNOWN": "manifest unknown",
        "MANIFEST_INVALID": "manifest invalid",
        "MANIFEST_UNVERIFIED": "manifest failed signature verification",
        "MANIFEST_BLOB_UNKNOWN": "blob unknown to registry",
        "BLOB_UNKNOWN": "blob unknown to registry",
        "BLOB_UPLOAD_UNKNOWN": "blob upload unknown to registry",
        "BLOB_UPLOAD_INVALID": "blob upload invalid",
    ]
}
