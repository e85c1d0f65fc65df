import OCI
import RegistryClient
import RegistryTesting
import Testing

@testable import Importing

/// spec/import-and-controllers.md A.21 and G.9: every row, from a registry that misbehaves to the status of the import.
@Suite("What clients see of registries at fault")
struct FaultyRegistryTests {
    /// What is expected of an import; `{R}` stands for the reference, `{H}` for the host.
    struct Expectation: Sendable {
        let code: Int32
        let reason: String
        let message: String

        static func internalError(_ text: String) -> Expectation {
            Expectation(code: 500, reason: "InternalError", message: "Internal error occurred: \(text)")
        }
        static let unauthorized = Expectation(
            code: 401, reason: "Unauthorized", message: #"you may not have access to the container image "{R}""#)
        static let notFound = Expectation(
            code: 404, reason: "NotFound", message: #"dockerimage.image.openshift.io "{R}" not found"#)

        func matches(_ status: ImportStatus?, _ reference: String, _ host: String) -> Bool {
            status?.code == code && status?.reason == reason
                && status?.message == message.replacing("{R}", with: reference).replacing("{H}", with: host)
        }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// To the manifest, and to the list of tags.
        let answer: TestResponse
        let image: Expectation
        let tags: Expectation

        init(_ name: String, _ answer: TestResponse, image: Expectation, tags: Expectation) {
            testDescription = name
            (self.answer, self.image, self.tags) = (answer, image, tags)
        }

        /// With the reference in front of the text for an image, as in the reference's API.
        init(_ name: String, _ answer: TestResponse, _ text: String) {
            self.init(name, answer, image: .internalError("{R}: \(text)"), tags: .internalError(text))
        }
    }

    static let rows = [
        Row(
            "no such manifest", .error(404, "MANIFEST_UNKNOWN"), image: .notFound,
            tags: .internalError("manifest unknown: manifest unknown")),
        Row(
            "no such repository", .error(404, "NAME_UNKNOWN"),
            image: .internalError("{R}: name unknown: repository name not known to registry"), tags: .notFound),
        Row(
            "not let in, and more", TestResponse(401, text: #"{"errors":[{"code":"DENIED"},{"code":"UNAUTHORIZED"}]}"#),
            image: .unauthorized, tags: .unauthorized),
        Row("not let in, in HTML", TestResponse(401, text: "<html>"), image: .unauthorized, tags: .unauthorized),
        Row(
            "not let in, with details", TestResponse(401, text: #"{"details":"no"}"#), image: .unauthorized,
            tags: .unauthorized),
        Row("denied", .error(403, "DENIED"), "denied: requested access to the resource is denied"),
        Row("denied with details", TestResponse(403, text: #"{"details":"not you"}"#), "denied: not you"),
        Row("an unknown code", .error(400, "NEW_CODE", "m"), "unknown: m"),
        Row("unknown details", TestResponse(400, text: #"{"details":"m"}"#), "unknown: m"),
        Row("unavailable", .error(400, "UNAVAILABLE"), "unavailable: service unavailable"),
        Row(
            "nothing said", TestResponse(404, text: "{}"),
            #"error parsing HTTP 404 response body: no error details found in HTTP response body: "{}""#),
        Row(
            "too many requests", .error(429, "TOOMANYREQUESTS", "limit"),
            image: Expectation(code: 429, reason: "TooManyRequests", message: "{R}: toomanyrequests: limit"),
            tags: Expectation(code: 429, reason: "TooManyRequests", message: "toomanyrequests: limit")),
        Row(
            "too many requests, with details", TestResponse(429, text: #"{"details":"slow down"}"#),
            image: Expectation(code: 429, reason: "TooManyRequests", message: "{R}: toomanyrequests: slow down"),
            tags: Expectation(code: 429, reason: "TooManyRequests", message: "toomanyrequests: slow down")),
        Row("broken", TestResponse(500), "received unexpected HTTP status: 500 Internal Server Error"),
        Row("a gateway without a server", TestResponse(502), "received unexpected HTTP status: 502 Bad Gateway"),
        Row("too busy", TestResponse(503, text: "x"), "received unexpected HTTP status: 503 Service Unavailable"),
        Row("too slow", TestResponse(504), "received unexpected HTTP status: 504 Gateway Timeout"),
        Row(
            "a redirect into a loop", TestResponse(307, [("Location", "?again")]),
            "stopped after 10 redirects"),
        Row(
            "a redirect to a file", TestResponse(302, [("Location", "file:///etc/passwd")]),
            #"refusing the redirect to "file:///etc/passwd": no http or https URL"#),
    ]

    @Test("Answers that are errors", arguments: rows)
    func answers(_ row: Row) async throws {
        try await check(row) { request in
            request.path.contains("/manifests/") || request.path.hasSuffix("/tags/list") ? row.answer : nil
        }
    }

    @Test(
        "Challenges that say why, again with a new token",
        arguments: [("invalid_token", Expectation.unauthorized), ("insufficient_scope", nil)])
    func challenges(_ fault: String, _ expected: Expectation?) async throws {
        let row =
            expected.map { Row(fault, TestResponse(401), image: $0, tags: $0) }
            ?? Row(fault, TestResponse(401), "denied: why")
        try await check(row) { request in
            if request.path == "/token" { return TestResponse(200, text: #"{"token":"t"}"#) }
            guard request.path != "/v2/" else { return nil }
            let realm = "http://\(request.header("host").first ?? "")/token"
            return TestResponse(
                401,
                [("WWW-Authenticate", #"Bearer realm="\#(realm)",error="\#(fault)",error_description="why""#)])
        }
    }

    @Test(
        "Registries that are none, and such as cannot be logged in to",
        arguments: [
            Row(
                "no registry", TestResponse(404, text: "404"),
                image: Expectation(
                    code: 403, reason: "NotV2Registry", message: #"registry "{H}" does not support the v2 Registry API"#
                ),
                tags: Expectation(
                    code: 403, reason: "NotV2Registry", message: #"registry "{H}" does not support the v2 Registry API"#
                )),
            Row(
                "a password is wanted", TestResponse(401, [("WWW-Authenticate", #"Basic realm="x""#)]),
                image: .unauthorized, tags: .unauthorized),
            Row(
                "a broken registry", TestResponse(500),
                #"endpoint "http://{H}" does not support v2 API (got 500 Internal Server Error)"#),
        ])
    func greetings(_ row: Row) async throws {
        try await check(row) { $0.path == "/v2/" ? row.answer : nil }
    }

    @Test(
        "Token servers that refuse",
        arguments: [
            Row(
                "a wrong password", TestResponse(401, text: #"{"details":"incorrect username or password"}"#),
                image: Expectation(
                    code: 401, reason: "Unauthorized", message: #"incorrect username or password for image "{R}""#),
                tags: Expectation(
                    code: 401, reason: "Unauthorized", message: #"incorrect username or password for image "{R}""#)),
            Row("not let in", .error(401, "UNAUTHORIZED"), image: .unauthorized, tags: .unauthorized),
        ])
    func tokens(_ row: Row) async throws {
        try await FakeRegistry.run(login: .bearer(alice)) { registry in
            registry.intercept { $0.path == "/token" ? row.answer : nil }
            try await check(row, registry, FixedCredentials(list: [mallory]))
        }
    }

    @Test("Credentials that cannot be read are told, and nothing is asked")
    func broken() async throws {
        try await FakeRegistry.run { registry in
            let row = Row("", TestResponse(200), "")
            let text = "{R}: illegal base64 data"
            try await check(
                Row(row.testDescription, row.answer, image: .internalError(text), tags: .internalError(text)), registry,
                BrokenCredentials())
            #expect(registry.server.requests.isEmpty)
        }
    }

    @Test("Content that is not what it should be")
    func content() async throws {
        try await FakeRegistry.run { registry in
            let digest = registry.putImage("x", in: "a/b", tag: "1")
            registry.intercept { request in
                request.path.contains("/manifests/") && !request.path.hasSuffix("/1")
                    ? TestResponse(200, [("Content-Type", MediaType.ociManifest)], text: #"{"schemaVersion":2}"#) : nil
            }
            try await withImporter { importer in
                let wrong = await importer.images("\(registry.host)/a/b@\(digest)")[0].failure?.status
                #expect(wrong?.code == 500 && wrong?.reason == "InternalError")
                #expect(wrong?.message.hasPrefix("Internal error occurred: \(registry.host)/a/b@\(digest): ") == true)
                registry.intercept { $0.path.contains("/blobs/") ? TestResponse(404, text: "<html>") : nil }
                let missing = await importer.images("\(registry.host)/a/b:1")[0].failure?.status
                #expect(
                    Expectation.internalError("{R}: unknown blob").matches(
                        missing, "\(registry.host)/a/b:1", registry.host), "\(missing?.message ?? "")")
                registry.intercept { $0.path.contains("/blobs/") ? TestResponse(200, text: "other") : nil }
                let other = await importer.images("\(registry.host)/a/b:1")[0].failure?.status
                #expect(other?.reason == "InternalError")
                #expect(other?.message.contains("content integrity error: the blob retrieved with digest") == true)
            }
        }
    }

    // MARK: Support

    private func check(_ row: Row, _ answer: @escaping @Sendable (TestRequest) -> TestResponse?) async throws {
        try await FakeRegistry.run { registry in
            registry.intercept { answer($0) }
            try await check(row, registry, NoCredentials())
        }
    }

    private func check(_ row: Row, _ registry: FakeRegistry, _ credentials: some CredentialSource) async throws {
        let repository = "\(registry.host)/a/b"
        try await withImporter { importer in
            func matches(_ expected: Expectation, _ status: ImportStatus?, _ reference: String) {
                #expect(
                    expected.matches(status, reference, registry.host), "\(status?.message ?? "no failure")")
            }
            let image = await importer.images("\(repository):1", credentials: credentials)[0].failure?.status
            matches(row.image, image, "\(repository):1")
            // An error of our own that is no refusal names its cause (A.21).
            if row.image.reason == "InternalError" {
                let text = image?.message.replacing("Internal error occurred: ", with: "")
                #expect(image?.details?.causes.first?.message == text)
            }
            let request = ImportRequest(
                images: [], repository: RepositoryImportEntry(from: repository, mode: .legacy, insecure: true))
            let tags = await importer.run(request, credentials: credentials).repository
            matches(row.tags, tags?.status, repository)
            #expect(tags?.images.isEmpty == true && tags?.additionalTags.isEmpty == true)
        }
    }
}
