import JSON
import NIOCore
import Registry

extension AdminClient {
    /// Has the running server look at all of its registry.
    ///
    /// - Parameter onEvent: gets what is found.
    /// - Throws: `Failure`, also where the server ends before its work does.
    public func verify(
        _ request: RegistryVerifier.Request, onEvent: (RegistryVerifier.Event) async throws -> Void
    ) async throws -> VerificationTally {
        let query =
            "?bytes=\(request.readsBytes)&repair=\(request.repairs)&quarantine=\(request.quarantines)"
        var result: VerificationTally?
        try await lines(.POST, VerificationHandler.path + query) { line in
            if let finding = line["finding"].flatMap(VerificationFinding.init) {
                try await onEvent(.finding(finding))
            } else if let progress = line["progress"] {
                try await onEvent(.progress(VerificationTally(progress)))
            } else if let tally = line["result"] {
                result = VerificationTally(tally)
            } else if let error = line["error"]?.stringValue {
                throw Failure(description: "the verification failed: \(error)")
            }
        }
        guard let result else { throw Failure(description: "the server ended in the middle of the verification") }
        return result
    }
}
