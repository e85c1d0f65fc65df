import AsyncHTTPClient
import Foundation
import Identity
import NIOCore
import NIOSSL

/// Documents of token issuers, over https and nothing else.
struct HTTPSDocuments: OIDCDocuments {
    /// The issuer did not answer with a document.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private static let maximumBytes = 1 << 20
    private static let timeout: TimeAmount = .seconds(30)

    private let tls: TLSConfiguration

    /// - Parameter authorityFile: PEM of the authorities to trust; nil for those of the system.
    /// - Throws: where the file cannot be read.
    init(authorityFile: String?) throws {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let authorityFile {
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authorityFile))
        }
        self.tls = tls
    }

    func document(at url: String) async throws -> [UInt8] {
        guard url.hasPrefix("https://") else { throw Failure(description: "\(url) is not https") }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        // An issuer says where its documents are; nobody else does.
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(15)
        // Asked once in a while: a connection is not worth keeping.
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let result: Result<[UInt8], any Error>
        do { result = .success(try await Self.fetch(url, client)) } catch { result = .failure(error) }
        try? await client.shutdown()
        return try result.get()
    }

    private static func fetch(_ url: String, _ client: HTTPClient) async throws -> [UInt8] {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "Accept", value: "application/json")
        let response = try await client.execute(request, timeout: timeout)
        guard response.status == .ok else {
            throw Failure(description: "\(url) answers with status \(response.status.code)")
        }
        return Array(try await response.body.collect(upTo: maximumBytes).readableBytesView)
    }
}
