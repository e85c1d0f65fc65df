import Logging
import OCI
import RegistryClient
import RegistryTesting
import Testing

@testable import Importing

/// An importer with short pauses; its connections are closed afterwards.
func withImporter<Value: Sendable>(
    policy: PullPolicy = .direct, _ change: (inout Importer.Configuration) -> Void = { _ in },
    _ body: (Importer) async throws -> Value
) async throws -> Value {
    var client = RegistryClientConfiguration.patient
    client.retryBase = .milliseconds(5)
    let transport = RegistryTransport(configuration: client)
    var configuration = Importer.Configuration()
    change(&configuration)
    let importer = Importer(
        transport: transport, configuration: configuration, policy: policy, logger: Logger(label: "test"))
    let result: Result<Value, any Error>
    do { result = .success(try await body(importer)) } catch { result = .failure(error) }
    await transport.shutdown()
    return try result.get()
}

extension Importer {
    /// Imports single images without credentials, insecurely.
    func images(
        _ from: String..., mode: ImportMode = .legacy, architecture: String = "",
        credentials: some CredentialSource = NoCredentials()
    ) async -> [ImageImportResult] {
        let entries = from.map {
            ImageImportEntry(from: $0, mode: mode, insecure: true, preferredArchitecture: architecture)
        }
        return await run(ImportRequest(images: entries), credentials: credentials).images
    }

    func repository(
        _ from: String, mode: ImportMode = .legacy, images: [ImageImportEntry] = []
    ) async throws -> RepositoryImportResult {
        let entry = RepositoryImportEntry(from: from, mode: mode, insecure: true)
        let request = ImportRequest(images: images, repository: entry)
        return try #require(await run(request, credentials: NoCredentials()).repository)
    }
}

extension ImageImportResult {
    var image: ImportedImage? { try? result.get() }
    var failure: ImportFailure? {
        if case .failure(let failure) = result { failure } else { nil }
    }
    var message: String { failure?.status.message ?? "" }
}

struct FixedCredentials: CredentialSource {
    let list: [Credentials]
    func credentials(for repository: RepositoryName) -> [Credentials] { list }
}

struct BrokenCredentials: CredentialSource, Error, CustomStringConvertible {
    let description = "illegal base64 data"
    func credentials(for repository: RepositoryName) throws -> [Credentials] { throw self }
}

let alice = Credentials(username: "alice", password: "secret")
let mallory = Credentials(username: "alice", password: "wrong")
