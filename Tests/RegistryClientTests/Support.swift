import Foundation
import Logging
import OCI
import RegistryTesting
import Testing

@testable import RegistryClient

/// A client with short pauses; its connections are closed afterwards.
func withClient<Value: Sendable>(
    _ change: (inout RegistryClientConfiguration) -> Void = { _ in }, limiter: HostLimiter? = nil,
    _ body: (RegistryClient) async throws -> Value
) async throws -> Value {
    var configuration = RegistryClientConfiguration.patient
    configuration.version = "1.2.3"
    configuration.retryBase = .milliseconds(5)
    change(&configuration)
    let transport = RegistryTransport(configuration: configuration)
    let result: Result<Value, any Error>
    do {
        let client = RegistryClient(transport: transport, logger: Logger(label: "test"), limiter: limiter)
        result = .success(try await body(client))
    } catch { result = .failure(error) }
    await transport.shutdown()
    return try result.get()
}

/// The error `body` throws; fails the test if it throws none.
func failure<Value>(
    _ location: SourceLocation = #_sourceLocation, _ body: () async throws(RegistryError) -> Value
) async -> RegistryError? {
    do {
        let value = try await body()
        Issue.record("no error, but \(value)", sourceLocation: location)
        return nil
    } catch { return error }
}

let plain = RegistryAccess(insecure: true)
let alice = Credentials(username: "alice", password: "secret")
let mallory = Credentials(username: "alice", password: "wrong")

func access(_ credentials: Credentials?) -> RegistryAccess { RegistryAccess(credentials: credentials, insecure: true) }
