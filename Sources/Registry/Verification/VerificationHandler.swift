import APIMachinery
import APIServer
import HTTPTypes
import JSON
import Synchronization

/// `POST /registry/verification`: a verification of the whole registry while it works on. Who asks needs the permission for
/// the path.
///
/// The answer is a stream of JSON documents, a line each: `{"finding":…}`, `{"progress":…}` about twice a second, and at the
/// end `{"result":…}` or `{"error":…}`. Without such an end it is not complete. It stops when the client leaves.
public final class VerificationHandler: PathHandler {
    public static let path = "/registry/verification"

    private let verifier: RegistryVerifier
    private let switches: RegistrySwitches
    private let isRunning = Mutex(false)

    public init(verifier: RegistryVerifier, switches: RegistrySwitches) {
        self.verifier = verifier
        self.switches = switches
    }

    public var paths: [String] { [Self.path] }

    public func respond(
        to request: ServerRequest, path: String, _ context: RequestContext
    ) async throws -> ServerResponse {
        guard request.method == "POST" else { return .text(405, "a verification is begun with POST\n") }
        let query = QueryParameters(request.query)
        var asked = RegistryVerifier.Request()
        asked.readsBytes = query.flag("bytes") ?? true
        asked.repairs = query.flag("repair") ?? false
        asked.quarantines = query.flag("quarantine") ?? false
        if asked.repairs || asked.quarantines, try await switches.isOn(.readOnly) {
            return .text(409, "the registry is read-only: nothing can be repaired\n")
        }
        let order = asked
        return ServerResponse(
            status: 200, headers: [.contentType: "application/json"],
            body: .stream { [self] writer in try await runAlone(order, writer) })
    }

    private func runAlone(_ request: RegistryVerifier.Request, _ writer: any BodyWriter) async throws {
        let isFirst = isRunning.withLock { value in
            defer { value = true }
            return !value
        }
        guard isFirst else {
            return try await Self.write(["error": "another verification is running"], writer)
        }
        defer { isRunning.withLock { $0 = false } }
        try await run(request, writer)
    }

    private func run(_ request: RegistryVerifier.Request, _ writer: any BodyWriter) async throws {
        let end: JSONValue
        do {
            // At once: the client knows that it has begun.
            try await Self.write(["progress": VerificationTally().json], writer)
            let tally = try await verifier.run(request) { event in
                switch event {
                case .finding(let finding): try await Self.write(["finding": finding.json], writer)
                case .progress(let tally): try await Self.write(["progress": tally.json], writer)
                }
            }
            end = ["result": tally.json]
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            verifier.logger.warning("a verification failed", metadata: ["error": "\(error)"])
            end = ["error": .string("\(error)")]
        }
        try await Self.write(end, writer)
    }

    private static func write(_ value: JSONValue, _ writer: any BodyWriter) async throws {
        try await writer.write(value.jsonBytes() + [UInt8(ascii: "\n")])
    }
}
