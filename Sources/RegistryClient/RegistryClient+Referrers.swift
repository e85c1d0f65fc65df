public import JSON
public import OCI

extension RegistryClient {
    /// What refers to a manifest, a descriptor each: the registry's list, or where it keeps none, the one that clients
    /// keep under a tag (OCI distribution, "Listing Referrers" and "Referrers Tag Schema"). What the registry says:
    /// nothing is verified.
    ///
    /// - Returns: empty where nothing refers to it, at most `maxReferrers` descriptors, and what is on the first
    ///   `maxReferrerPages` pages.
    public func referrers(
        of subject: Digest, in repository: RepositoryName, access: RegistryAccess
    ) async throws(RegistryError) -> [JSONValue] {
        var call = RegistryCall(
            repository: repository, path: "referrers/\(subject)", accept: [MediaType.ociIndex],
            maxBody: configuration.maxManifestBytes, what: "referrers of \(subject)", access: access)
        var found: [JSONValue] = []
        var seen: Set<WebAddress> = []
        for _ in 0..<configuration.maxReferrerPages {
            let reply: HTTPReply
            do { reply = try await send(call) } catch {
                guard found.isEmpty, error.status == 404, !error.isUnsupportedEndpoint else { throw error }
                return try await taggedReferrers(of: subject, in: repository, access)
            }
            found += try Self.descriptors(reply.body)
            guard found.count < configuration.maxReferrers, let link = LinkHeader.next(reply.headers["link"]),
                let next = reply.url.resolving(link), next.origin == reply.url.origin, seen.insert(next).inserted
            else { break }
            call.page = next
        }
        return Array(found.prefix(configuration.maxReferrers))
    }

    private func taggedReferrers(
        of subject: Digest, in repository: RepositoryName, _ access: RegistryAccess
    ) async throws(RegistryError) -> [JSONValue] {
        let tag = "\(subject.algorithm.rawValue.prefix(32))-\(subject.hex.prefix(64))"
        let call = RegistryCall(
            repository: repository, path: "manifests/\(tag)", accept: [MediaType.ociIndex],
            maxBody: configuration.maxManifestBytes, what: "referrers of \(subject)", access: access)
        do {
            return Array(try Self.descriptors(try await send(call).body).prefix(configuration.maxReferrers))
        } catch {
            guard error.status == 404, !error.isUnsupportedEndpoint else { throw error }
            return []
        }
    }

    private static func descriptors(_ body: [UInt8]) throws(RegistryError) -> [JSONValue] {
        let document: JSONValue
        do { document = try JSONValue.parse(body, limits: JSONLimits(depth: 100, bytes: body.count + 1)) } catch {
            throw .invalidAnswer(error.message)
        }
        guard document.objectValue != nil else { throw .invalidAnswer("the list of referrers is no JSON object") }
        return (document["manifests"]?.arrayValue?.elements ?? []).filter { $0.objectValue != nil }
    }
}
