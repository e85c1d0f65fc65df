import JSON
public import OCI

extension RegistryClient {
    /// All tags of a repository in the registry's order, page by page (G.8). Empty strings and duplicates are kept;
    /// strings that can be no tag are left out.
    ///
    /// The list ends where no next page is named or a page repeats. A page on another host, more than `maxTagPages`
    /// pages or `maxTags` tags are errors.
    public func tags(in repository: RepositoryName, access: RegistryAccess) async throws(RegistryError) -> [String] {
        var call = RegistryCall(
            repository: repository, path: "tags/list", maxBody: configuration.maxTagPageBytes,
            what: "tag list of \(repository)", access: access)
        var tags: [String] = []
        var seen: Set<WebAddress> = []
        for _ in 0..<configuration.maxTagPages {
            let reply = try await send(call)
            tags += try Self.tags(parsing: reply.body)
            guard tags.count <= configuration.maxTags else {
                throw .badTagList("the tag list of \(repository) has more than \(configuration.maxTags) tags")
            }
            guard let link = LinkHeader.next(reply.headers["link"]) else { return tags }
            guard let next = reply.url.resolving(link) else {
                throw .badTagList("the next page of tags is at \"\(link.prefix(500))\", which is no http or https URL")
            }
            guard next.origin == reply.url.origin else {
                throw .badTagList("the next page of tags is on another host, \(next.authority)")
            }
            seen.insert(reply.url)
            guard seen.insert(next).inserted else { return tags }
            call.page = next
        }
        throw .badTagList("the tag list of \(repository) has more than \(configuration.maxTagPages) pages")
    }

    private static func tags(parsing body: [UInt8]) throws(RegistryError) -> [String] {
        let document: JSONValue
        do { document = try JSONValue.parse(body, limits: JSONLimits(depth: 100, bytes: body.count + 1)) } catch {
            throw .invalidAnswer(error.message)
        }
        guard document.objectValue != nil else { throw .invalidAnswer("the tag list is no JSON object") }
        guard let list = document["tags"], !list.isNull else { return [] }
        guard let array = list.arrayValue else { throw .invalidAnswer("\"tags\" is no array") }
        return array.elements.compactMap(\.stringValue).filter { $0.isEmpty || ImageReference.isTag($0) }
    }
}
