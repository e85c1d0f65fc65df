import Foundation
import JSON

extension AdminClient {
    private static let collections = "/apis/weir.dev/v1alpha1/blobcollections"

    /// Asks for a run of the collector and waits for its end.
    ///
    /// - Parameter progress: gets the run's status now and then.
    /// - Returns: its last status.
    /// - Throws: `Failure`, also where the run fails or its object goes.
    public func collect(
        isDryRun: Bool, progress: (JSONValue) -> Void = { _ in }
    ) async throws -> JSONValue {
        let asked = try await send(
            .POST, Self.collections,
            Self.object([
                ("apiVersion", "weir.dev/v1alpha1"), ("kind", "BlobCollection"),
                ("metadata", Self.object([("generateName", "weir-gc-")])),
                ("spec", Self.object([("dryRun", .bool(isDryRun))])),
            ]))
        guard let name = asked["metadata"]?["name"]?.stringValue else {
            throw Failure(description: "the server does not name the run")
        }
        while true {
            guard let object = try await find(.GET, "\(Self.collections)/\(Self.segment(name))") else {
                throw Failure(description: "the run \(name) was removed before its end")
            }
            let status = object["status"] ?? .null
            switch status["phase"]?.stringValue {
            case "Complete": return status
            case "Failed": throw Failure(description: status["message"]?.stringValue ?? "the run failed")
            default:
                progress(status)
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }
}
