import APIMachinery
import APIServer
import Foundation
import ImageAPI
import Importing
import Logging
import OCI
import Store
import StoreSQLite
import Synchronization
import Testing

@testable import ImageStreams

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Waits for a condition; the limit is for what never comes.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw TestFailure("in vain: \(what)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}

struct EveryAuthorizer: Authorizer {
    func authorize(_ user: UserInfo, _ attributes: AccessAttributes) async throws -> AccessDecision { .allowed }
}

struct NoImporter: ImageImporter {
    func fetch(_ order: ImportOrder) async -> ImportDelivery { ImportDelivery(images: []) }
}

/// The image API on a store of its own.
struct World: Sendable {
    let api: ImageStreamsAPI
    let store: Store

    static func run(
        minimumRetentionInterval: Duration = .seconds(60),
        prepare: (ImageStreamsAPI, Store) -> Void = { _, _ in }, _ body: (World) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "weir-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let store = Store(engine: try await SQLiteEngine.open(directory: directory))
        let api = try ImageStreamsAPI(
            store: store, configuration: ImageStreamsConfiguration(minimumRetentionInterval: minimumRetentionInterval),
            authorizer: EveryAuthorizer(), namespaces: nil,
            importer: NoImporter())
        prepare(api, store)
        try await store.start()
        let result: Result<Void, any Error>
        do { result = .success(try await body(World(api: api, store: store))) } catch { result = .failure(error) }
        await store.close()
        try result.get()
    }

    static func context() -> RequestContext {
        RequestContext(
            id: "test", user: .system, resource: GroupResource(group: "image.openshift.io", resource: "images"),
            userAgent: "test", now: Timestamp(secondsSince1970: 1_738_324_800), logger: Logger(label: "test"))
    }

    /// Creates an Image named by what its text hashes to, of a repository of that name.
    @discardableResult
    func create(_ text: String, reference: String? = nil, _ change: (inout Image) -> Void = { _ in }) async throws
        -> String
    {
        var image = Image()
        image.metadata.name = Digest.sha256(of: Array(text.utf8)).description
        image.dockerImageReference = reference ?? "registry.example/\(text)@\(image.metadata.name)"
        change(&image)
        _ = try await api.images.create(
            image, strategy: ImageStrategy(), options: WriteOptions(), Self.context())
        return image.metadata.name
    }

    func update(_ name: String, _ change: @escaping @Sendable (inout Image) -> Void) async throws {
        _ = try await api.images.update(
            name, strategy: ImageStrategy(), options: WriteOptions(), Self.context(),
            change: ObjectChange(isPatch: true) { current in
                var object = try current.object()
                change(&object)
                return object
            })
    }

    func image(_ name: String) async throws -> Image {
        guard let image = try await api.images.object(name, namespace: "") else {
            throw TestFailure("no image \(name)")
        }
        return image
    }

    func signatures(_ name: String) async throws -> [String] {
        try await image(name).signatures.map { String(decoding: $0.content ?? [], as: UTF8.self) }
    }
}

/// Answers what was prepared for each repository path, and remembers what it was asked.
final class PreparedSource: SignatureSource {
    private struct State {
        var findings: [String: Result<SignatureFindings, SignatureFailure>] = [:]
        var asked: [(path: String, known: Set<String>)] = []
        var before: (@Sendable (String) async -> Void)?
    }

    private let state = Mutex(State())

    /// Signatures with these contents; what the caller knows is left out.
    func prepare(_ path: String, _ signatures: String...) {
        prepare(path, .success(SignatureFindings(new: signatures.map { FoundSignature(Array($0.utf8)) })))
    }

    func prepare(_ path: String, _ outcome: Result<SignatureFindings, SignatureFailure>) {
        state.withLock { $0.findings[path] = outcome }
    }

    /// Runs before each answer.
    func before(_ body: @escaping @Sendable (String) async -> Void) { state.withLock { $0.before = body } }

    /// What was known each time somebody asked.
    func asked(_ path: String) -> [Set<String>] {
        state.withLock { $0.asked.filter { $0.path == path }.map(\.known) }
    }

    func signatures(
        of image: SignedImage, known: Set<String>
    ) async throws(SignatureFailure) -> SignatureFindings {
        let path = image.repository.path
        let before = state.withLock { state in
            state.asked.append((path, known))
            return state.before
        }
        await before?(path)
        var findings = try (state.withLock { $0.findings[path] } ?? .success(SignatureFindings())).get()
        findings.new.removeAll { known.contains($0.name) }
        return findings
    }
}
