import OCI
import RegistryClient
import Testing

@testable import Importing

@Suite("Failures as statuses")
struct ImportFailureTests {
    struct Row: Sendable {
        let error: RegistryError
        let image: (code: Int32, reason: String, message: String)
        let tags: (code: Int32, reason: String, message: String)
    }

    static func entries(_ status: Int, _ codes: String..., message: String = "") -> RegistryError {
        .registry(status: status, codes.map { RegistryErrorEntry(code: $0, message: message) }, retryAfter: .seconds(7))
    }

    static func token(_ error: RegistryError) -> RegistryError { .authenticating(method: "Get", url: "u", error) }

    static let internalError = "Internal error occurred: "
    static let rows = [
        Row(
            error: entries(404, "MANIFEST_UNKNOWN"),
            image: (404, "NotFound", #"dockerimage.image.openshift.io "R" not found"#),
            tags: (500, "InternalError", internalError + "manifest unknown: manifest unknown")),
        Row(
            error: entries(404, "NAME_UNKNOWN"),
            image: (500, "InternalError", internalError + "R: name unknown: repository name not known to registry"),
            tags: (404, "NotFound", #"dockerimage.image.openshift.io "R" not found"#)),
        Row(
            error: entries(401, "DENIED", "UNAUTHORIZED"),
            image: (401, "Unauthorized", #"you may not have access to the container image "R""#),
            tags: (401, "Unauthorized", #"you may not have access to the container image "R""#)),
        Row(
            error: token(.noBasicCredentials),
            image: (401, "Unauthorized", #"you may not have access to the container image "R""#),
            tags: (401, "Unauthorized", #"you may not have access to the container image "R""#)),
        Row(
            error: token(entries(401, "UNAUTHORIZED", message: "incorrect username or password")),
            image: (401, "Unauthorized", #"incorrect username or password for image "R""#),
            tags: (401, "Unauthorized", #"incorrect username or password for image "R""#)),
        Row(
            error: token(entries(401, "UNAUTHORIZED")),
            image: (401, "Unauthorized", #"you may not have access to the container image "R""#),
            tags: (401, "Unauthorized", #"you may not have access to the container image "R""#)),
        Row(
            error: entries(403, "DENIED"),
            image: (500, "InternalError", internalError + "R: denied: requested access to the resource is denied"),
            tags: (500, "InternalError", internalError + "denied: requested access to the resource is denied")),
        Row(
            error: .unexpectedStatus(503, line: "503 Service Unavailable", retryAfter: nil),
            image: (
                500, "InternalError", internalError + "R: received unexpected HTTP status: 503 Service Unavailable"
            ),
            tags: (500, "InternalError", internalError + "received unexpected HTTP status: 503 Service Unavailable")),
        Row(
            error: entries(429, "TOOMANYREQUESTS", message: "limit"),
            image: (429, "TooManyRequests", "R: toomanyrequests: limit"),
            tags: (429, "TooManyRequests", "toomanyrequests: limit")),
        Row(
            error: .unsupportedEndpoint(
                endpoint: "https://h:5", status: 404, statusLine: "404 Not Found", retryAfter: nil),
            image: (403, "NotV2Registry", #"registry "h:5" does not support the v2 Registry API"#),
            tags: (403, "NotV2Registry", #"registry "h:5" does not support the v2 Registry API"#)),
        Row(
            error: .unknownBlob,
            image: (500, "InternalError", internalError + "R: unknown blob"),
            tags: (500, "InternalError", internalError + "unknown blob")),
        Row(
            error: .network(
                method: "Get", url: "https://h/v2/", NetworkFailure(.noSuchHost, "dial tcp: lookup h: no such host")),
            image: (500, "InternalError", internalError + #"R: Get "https://h/v2/": dial tcp: lookup h: no such host"#),
            tags: (500, "InternalError", internalError + #"Get "https://h/v2/": dial tcp: lookup h: no such host"#)),
    ]

    @Test("Errors of a registry", arguments: rows)
    func registryErrors(row: Row) {
        let image = ImportFailure.image(row.error, "R").status
        #expect(image.code == row.image.code)
        #expect(image.reason == row.image.reason)
        #expect(image.message == row.image.message)
        let tags = ImportFailure.tags(row.error, "R").status
        #expect(tags.code == row.tags.code)
        #expect(tags.reason == row.tags.reason)
        #expect(tags.message == row.tags.message)
    }

    @Test("Details are those of the table")
    func details() {
        let missing = ImportFailure.notFound(reference: "h/x:1").status.details
        #expect(missing == .init(name: "h/x:1", group: "image.openshift.io", kind: "dockerimage"))
        #expect(ImportFailure.unauthorized(reference: "R").status.details == nil)
        #expect(ImportFailure.blocked(host: "h").status.message == "forbidden: registry h blocked")
        #expect(ImportFailure.blocked(host: "h").status.details == .init())
        #expect(ImportFailure.blocked(host: "h").status.code == 403)
        #expect(ImportFailure.remote(reference: "R", text: "t").status.details?.causes == [.init(message: "R: t")])
        let limited = ImportFailure.image(Self.entries(429, "TOOMANYREQUESTS"), "R").status.details
        #expect(limited == .init(retryAfterSeconds: 7))
        let busy = RegistryError.unexpectedStatus(503, line: "503 Service Unavailable", retryAfter: .seconds(9))
        #expect(ImportFailure.image(busy, "R").status.details?.retryAfterSeconds == 9)
    }

    @Test("What fails before anything is fetched")
    func before() {
        let invalid = ImportFailure.invalidName("A\"/B", text: "repository name must be lowercase").status
        #expect(invalid.code == 422)
        #expect(
            invalid.message
                == #" "" is invalid: from.name: Invalid value: "A\"/B": invalid name: repository name must be lowercase"#
        )
        #expect(invalid.details?.causes.first?.field == "from.name")
        #expect(
            ImportFailure.notNormalizable(reference: "*", text: "invalid reference format").status.message
                == "Internal error occurred: unable to parse docker reference *: invalid reference format")
        #expect(
            ImportFailure.credentialsUnreadable(reference: "R", text: "bad").status.message
                == "Internal error occurred: R: bad")
        #expect(ImportFailure.unusable(text: "t").status.message == "Internal error occurred: t")
    }

    @Test("Of several sources the original decides, and every text is shown once")
    func sources() {
        let a = ImportFailure.remote(reference: "m/x:1", text: "t")
        let b = ImportFailure.remote(reference: "h/x:1", text: "u")
        #expect(
            ImportFailure.everySource(original: b, mirrors: [a, a]).status.message
                == "Internal error occurred: [m/x:1: t, h/x:1: u]")
        let missing = ImportFailure.everySource(original: .notFound(reference: "h/x:1"), mirrors: [a]).status
        #expect(missing.code == 404)
        #expect(missing.message == #"dockerimage.image.openshift.io "h/x:1" not found (mirrors: m/x:1: t)"#)
    }

    @Test("Failed images of a repository are counted")
    func counting() {
        func status(_ failures: Int) -> ImportStatus? {
            let failed = ImageImportResult(tag: "t", result: .failure(.unusable(text: "t")))
            return RepositoryImportResult(
                listingFailure: nil, images: Array(repeating: failed, count: failures), additionalTags: []
            ).status
        }
        #expect(status(0) == nil)
        #expect(status(1)?.message == "one of the images from this repository failed to import")
        #expect(status(3)?.message == "3 of the images from this repository failed to import")
        #expect(status(3)?.reason == "ImportFailed")
        #expect(status(3)?.code == nil)
    }
}
