import Foundation
import Logging
import OCI
import RegistryClient
import RegistryTesting
import Testing

@testable import Importing

/// A fetcher that trusts the registries of tests; its connections are closed afterwards.
func withFetcher<Value: Sendable>(
    _ lookaside: LookasideConfiguration? = nil, policy: PullPolicy = .direct,
    _ change: (inout SignatureFetcher.Configuration, inout RegistryClientConfiguration) -> Void = { _, _ in },
    _ body: (SignatureFetcher) async throws -> Value
) async throws -> Value {
    var client = RegistryClientConfiguration.patient
    client.retryBase = .milliseconds(1)
    client.trust = try TestCertificate.shared.get().trust()
    var configuration = SignatureFetcher.Configuration()
    configuration.timeout = .seconds(600)
    change(&configuration, &client)
    let transport = RegistryTransport(configuration: client)
    let fetcher = SignatureFetcher(
        transport: transport, lookaside: try lookaside ?? .at("file:///nonexistent/weir"), configuration: configuration,
        policy: policy, logger: Logger(label: "test"))
    let result: Result<Value, any Error>
    do { result = .success(try await body(fetcher)) } catch { result = .failure(error) }
    await transport.shutdown()
    return try result.get()
}

extension LookasideConfiguration {
    static func at(_ store: String, attachments: Bool = false) throws -> LookasideConfiguration {
        LookasideConfiguration(standard: Place(store: try LookasideStore(store), usesAttachments: attachments))
    }
}

extension SignatureFetcher {
    /// As `signatures`, for expressions that throw anything.
    func findings(of image: SignedImage, known: Set<String> = []) async throws -> SignatureFindings {
        try await signatures(of: image, known: known)
    }

    /// The texts of the new signatures of an image.
    func texts(of image: SignedImage, known: Set<String> = []) async throws -> [String] {
        try await signatures(of: image, known: known).new.map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    func failure(of image: SignedImage) async -> SignatureFailure? {
        do {
            _ = try await signatures(of: image, known: [])
            return nil
        } catch { return error }
    }
}

extension FakeRegistry {
    /// An image of that repository that need not be there.
    func signed(_ path: String, _ digest: Digest = .sha256(of: Array("image".utf8))) -> SignedImage {
        SignedImage(reference: reference(path, digest), digest: digest)
    }

    /// A registry over TLS, as registries are.
    static func runSecure<Value: Sendable>(
        login: Login = .none, _ body: (FakeRegistry) async throws -> Value
    ) async throws -> Value {
        try await run(tls: try TestCertificate.shared.get(), login: login, body)
    }

    /// Makes it say that it keeps signatures, and answer for them.
    func keepSignatures(_ answer: @escaping @Sendable (TestRequest) async -> TestResponse) {
        intercept { request in
            if request.path == "/v2/" {
                return TestResponse(200, [("X-Registry-Supports-Signatures", "1")], text: "{}")
            }
            return request.path.hasPrefix("/extensions/") ? await answer(request) : nil
        }
    }
}

/// The name of a signature.
func name(_ signature: String) -> String { FoundSignature(Array(signature.utf8)).name }

/// A registry's list of signatures.
func list(_ signatures: [String]) -> String {
    let entries = signatures.map {
        #"{"schemaVersion":2,"name":"n","type":"atomic","content":"\#(Data($0.utf8).base64EncodedString())"}"#
    }
    return #"{"signatures":[\#(entries.joined(separator: ","))]}"#
}
