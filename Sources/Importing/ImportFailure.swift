import JSON
import RegistryClient

/// Why an image, or a repository's list of tags, could not be imported: every row of
/// `spec/import-and-controllers.md` A.21.
///
/// `reference` is the reference quoted in the message: the normalised one of the source that failed for images, the
/// repository as written for lists of tags.
public indirect enum ImportFailure: Error, Hashable, Sendable {
    /// `from.name` is no pull spec; `text` is the parser's.
    case invalidName(String, text: String)
    case blocked(host: String)
    case notNormalizable(reference: String, text: String)
    case credentialsUnreadable(reference: String, text: String)
    /// No such manifest, or no such repository in a list of tags.
    case notFound(reference: String)
    case unauthorized(reference: String)
    /// The token server knows the user, but not with this password.
    case wrongPassword(reference: String)
    /// What answers is no registry of the v2 API.
    case notV2Registry(host: String)
    /// Still 429 after all attempts.
    case rateLimited(text: String, retryAfterSeconds: Int32)
    /// Anything else while fetching an image.
    case remote(reference: String, text: String, retryAfterSeconds: Int32 = 0)
    /// Anything else while listing tags.
    case tagList(text: String)
    /// The manifest was fetched, but there can be no Image of it.
    case unusable(text: String)
    /// The original source failed, and so did mirrors before it.
    case everySource(original: ImportFailure, mirrors: [ImportFailure])

    /// The failure as a status, as the table of A.21 says.
    public var status: ImportStatus {
        switch self {
        case .invalidName(let name, let text):
            let cause = "Invalid value: \(GoText.quoted(name)): invalid name: \(text)"
            return ImportStatus(
                code: 422, reason: "Invalid", message: " \"\" is invalid: from.name: \(cause)",
                details: .init(causes: [.init(reason: "FieldValueInvalid", message: cause, field: "from.name")]))
        case .blocked(let host):
            return ImportStatus(
                code: 403, reason: "Forbidden", message: "forbidden: registry \(host) blocked", details: .init())
        case .notFound(let reference):
            return ImportStatus(
                code: 404, reason: "NotFound",
                message: "dockerimage.image.openshift.io \(GoText.quoted(reference)) not found",
                details: .init(name: reference, group: "image.openshift.io", kind: "dockerimage"))
        case .unauthorized(let reference):
            return Self.unauthorized("you may not have access to the container image \(GoText.quoted(reference))")
        case .wrongPassword(let reference):
            return Self.unauthorized("incorrect username or password for image \(GoText.quoted(reference))")
        case .notV2Registry(let host):
            return ImportStatus(
                code: 403, reason: "NotV2Registry",
                message: "registry \(GoText.quoted(host)) does not support the v2 Registry API")
        case .rateLimited(let text, let seconds):
            return ImportStatus(
                code: 429, reason: "TooManyRequests", message: text, details: .init(retryAfterSeconds: seconds))
        case .remote(_, _, let seconds):
            var status = Self.internalError(text)
            status.details?.retryAfterSeconds = seconds
            return status
        case .notNormalizable, .credentialsUnreadable, .tagList, .unusable:
            return Self.internalError(text)
        case .everySource(let original, let mirrors):
            return Self.combined(original, mirrors)
        }
    }

    /// Whether other credentials might have helped.
    public var isUnauthorized: Bool { status.reason == "Unauthorized" }

    /// The failure without what a status puts around it.
    var text: String {
        switch self {
        case .notNormalizable(let reference, let text): "unable to parse docker reference \(reference): \(text)"
        case .credentialsUnreadable(let reference, let text), .remote(let reference, let text, _):
            "\(reference): \(text)"
        case .tagList(let text), .unusable(let text): text
        default: status.message
        }
    }

    private static func unauthorized(_ message: String) -> ImportStatus {
        ImportStatus(code: 401, reason: "Unauthorized", message: message)
    }

    private static func internalError(_ text: String) -> ImportStatus {
        ImportStatus(
            code: 500, reason: "InternalError", message: "Internal error occurred: \(text)",
            details: .init(causes: [.init(message: text)]))
    }

    /// The status of the original source; the mirrors' errors are added to its text (A.14 step 3, the better rule).
    private static func combined(_ original: ImportFailure, _ mirrors: [ImportFailure]) -> ImportStatus {
        var texts: [String] = []
        for text in mirrors.map(\.text) + [original.text] where !texts.contains(text) { texts.append(text) }
        var status = original.status
        if status.reason == "InternalError" {
            return texts.count == 1 ? status : internalError("[\(texts.joined(separator: ", "))]")
        }
        let others = texts.dropLast()
        if !others.isEmpty { status.message += " (mirrors: \(others.joined(separator: ", ")))" }
        return status
    }
}

extension ImportFailure {
    /// The failure behind an error met while fetching an image; tests in the order of A.21.
    static func image(_ error: RegistryError, _ reference: String) -> ImportFailure {
        let text = error.text
        if error.contains(code: "MANIFEST_UNKNOWN") { return .notFound(reference: reference) }
        if let refused = refusal(error, text, reference) { return refused }
        if let special = special(error, "\(reference): \(text)") { return special }
        return .remote(reference: reference, text: text, retryAfterSeconds: seconds(of: error.retryAfter))
    }

    /// The failure behind an error met while listing tags.
    static func tags(_ error: RegistryError, _ reference: String) -> ImportFailure {
        let text = error.text
        if error.contains(code: "NAME_UNKNOWN") { return .notFound(reference: reference) }
        if let refused = refusal(error, text, reference) { return refused }
        if let special = special(error, text) { return special }
        return .tagList(text: text)
    }

    private static func refusal(_ error: RegistryError, _ text: String, _ reference: String) -> ImportFailure? {
        if error.contains(code: "UNAUTHORIZED") || text.hasSuffix("no basic auth credentials") {
            return .unauthorized(reference: reference)
        }
        if text.hasSuffix("incorrect username or password") { return .wrongPassword(reference: reference) }
        // The reference calls a 401 of the token server an internal error; told apart it is what it is.
        if case .authenticating = error, error.status == 401 { return .unauthorized(reference: reference) }
        return nil
    }

    private static func seconds(of pause: Duration?) -> Int32 {
        max(0, Int32(clamping: pause?.components.seconds ?? 0))
    }

    private static func special(_ error: RegistryError, _ text: String) -> ImportFailure? {
        if error.status == 429 {
            return .rateLimited(text: text, retryAfterSeconds: seconds(of: error.retryAfter))
        }
        if case .unsupportedEndpoint(let endpoint, let status, _, _) = error, status < 500 {
            return .notV2Registry(host: endpoint.split(separator: "/").last.map(String.init) ?? endpoint)
        }
        return nil
    }
}
