import Importing
import JSON
import Logging
import OCI

/// What refers to images that came from elsewhere (spec/registry.md PT-25).
extension PullThrough {
    /// What a registry elsewhere says of the referrers of an image.
    enum RemoteReferrers: Sendable {
        /// The image did not come from elsewhere.
        case none
        case known([JSONValue])
        /// Why they could not be had.
        case failed(String)
    }

    /// What refers to a manifest where it came from, as that registry said within the last ten minutes.
    func referrers(of subject: Digest, in repository: Repository, _ call: RegistryCall) async throws -> RemoteReferrers
    {
        guard let stream = repository.stream, try await repository.belongsToStream(subject),
            let source = try await source(ofManifest: subject, in: repository)
        else { return .none }
        if let known = referrers.known(subject, in: stream.metadata.uid) { return .known(known) }
        let session = try await session(repository, call)
        do throws(UpstreamSession.Failure) {
            let all = try await inTime(session) { () async throws(UpstreamSession.Failure) in
                try await ask(source.locations(of: .digest(subject), session)) {
                    (place) async throws(UpstreamSession.Failure) in
                    try await session.referrers(of: subject, in: place.repository, isInsecure: place.isInsecure)
                }
            }
            let descriptors = all.compactMap { Self.checked($0) }
            referrers.remember(descriptors, of: subject, in: stream.metadata.uid)
            return .known(descriptors)
        } catch {
            logger.warning(
                "referrers cannot be had",
                metadata: ["digest": "\(subject)", "from": "\(source.repository)", "error": "\(error)"])
            return .failed("\(source.repository.host): \(error)")
        }
    }

    /// A descriptor as it is handed on: what a registry says of a manifest, and nothing that it is not.
    private static func checked(_ descriptor: JSONValue) -> JSONValue? {
        guard let digest = descriptor["digest"]?.stringValue, Digest(digest) != nil,
            let type = descriptor["mediaType"]?.stringValue, MediaType.isValid(type),
            let size = descriptor["size"]?.integerValue, size >= 0
        else { return nil }
        var out = JSONObject()
        out["mediaType"] = .string(type)
        out["digest"] = .string(digest)
        out["size"] = .integer(size)
        if let type = descriptor["artifactType"]?.stringValue, !type.isEmpty { out["artifactType"] = .string(type) }
        if let annotations = descriptor["annotations"], annotations.objectValue != nil {
            out["annotations"] = annotations
        }
        return .object(out)
    }
}
