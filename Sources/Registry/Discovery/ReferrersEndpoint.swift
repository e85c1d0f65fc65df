import APIServer
import HTTPTypes
import JSON
import OCI

/// `/v2/<name>/referrers/<digest>`: what refers to a manifest (spec/registry.md 1.14). Never 404: clients would take that
/// for a registry that knows no referrers, and keep lists of their own.
struct ReferrersEndpoint: Sendable {
    let core: RegistryCore

    /// Bytes of an answer; clients read no more.
    private static let maximumBytes = 4 << 20 - 4096
    /// Rows that are looked at for one page.
    private static let pageRows = 256
    private static let maximumRows = 16_384

    func get(_ subject: String, in path: RepositoryPath, _ call: RegistryCall) async throws -> ServerResponse {
        let page = try PageQuery(call.query)
        let types = Set(call.query.all("artifactType").filter { !$0.isEmpty })
        guard let digest = try Self.subject(subject) else { return Self.answer([], types: types) }
        let repository = try await core.repository(path)
        var found = Page(limit: page.limit ?? Int.max, maximumBytes: Self.maximumBytes)
        if page.last.isEmpty { try await addTagged(digest, repository, types, to: &found, call) }
        if let id = repository.incarnation?.id {
            try await add(digest, in: id, after: page.last, types, to: &found)
        }
        var response = Self.answer(found.descriptors, types: types)
        if let next = found.next {
            response.headers[.link] = PageQuery.next(
                "/v2/\(path)/referrers/\(digest)", last: next, limit: page.limit,
                further: types.sorted().map { ("artifactType", $0) })
        }
        return response
    }

    /// A subject that could exist; nil for one in an algorithm that is not known here.
    private static func subject(_ text: String) throws -> Digest? {
        do { return try Digest(parsing: text) } catch {
            if case .unsupportedAlgorithm = error { return nil }
            throw RegistryError.invalidDigest(text, error.text)
        }
    }

    /// What is collected of an answer.
    private struct Page {
        let limit: Int
        let maximumBytes: Int
        var descriptors: [JSONValue] = []
        var seen: Set<String> = []
        var bytes = 0
        /// Behind which the next page begins; nil at the end.
        var next: String?

        /// Whether there is room for it.
        mutating func add(_ descriptor: JSONValue, bytes size: Int) -> Bool {
            guard descriptors.count < limit, bytes + size <= maximumBytes || descriptors.isEmpty else { return false }
            guard seen.insert(descriptor["digest"]?.stringValue ?? "").inserted else { return true }
            bytes += size + 1
            descriptors.append(descriptor)
            return true
        }
    }

    private func add(
        _ digest: Digest, in id: String, after last: String, _ types: Set<String>, to page: inout Page
    ) async throws {
        var position = last
        var rows = 0
        while true {
            let (entries, hasMore) = try await core.index.referrers(
                of: digest, in: id, after: position, limit: Self.pageRows)
            for entry in entries {
                guard let value = try? JSONValue.parse(entry.descriptor) else { continue }
                if types.isEmpty || types.contains(value["artifactType"]?.stringValue ?? "") {
                    guard page.add(value, bytes: entry.descriptor.count) else {
                        // There is one more at least. Nothing was shown where nothing was wanted.
                        page.next = page.descriptors.isEmpty ? nil : position
                        return
                    }
                }
                position = entry.position
            }
            rows += entries.count
            if !hasMore { return }
            if rows >= Self.maximumRows {
                page.next = position
                return
            }
        }
    }

    /// The list that clients keep under a tag where a registry does not (F-7).
    private func addTagged(
        _ digest: Digest, _ repository: Repository, _ types: Set<String>, to page: inout Page, _ call: RegistryCall
    ) async throws {
        let tag = "\(digest.algorithm.rawValue.prefix(32))-\(digest.hex.prefix(64))"
        guard let named = repository.stream?.status.newestEvent(of: tag).flatMap({ Digest($0.image) }),
            let list = try await core.content.manifest(named), MediaType.manifestKind(list.mediaType)?.isIndex == true,
            let document = try? PushedManifest(parsing: list.bytes, contentType: list.mediaType)
        else { return }
        for child in document.children.prefix(Self.pageRows) {
            guard try await repository.isVisible(child.digest),
                let manifest = try await core.content.manifest(child.digest),
                let referrer = try? PushedManifest(parsing: manifest.bytes, contentType: manifest.mediaType),
                referrer.subject?.digest == digest,
                types.isEmpty || types.contains(referrer.artifactType)
            else { continue }
            let descriptor = referrer.referrer(as: child.digest)
            guard let value = try? JSONValue.parse(descriptor), page.add(value, bytes: descriptor.count) else { return }
        }
    }

    private static func answer(_ descriptors: [JSONValue], types: Set<String>) -> ServerResponse {
        let body: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(MediaType.ociIndex),
            "manifests": .array(JSONArray(descriptors)),
        ]
        var response = ServerResponse(status: 200, contentType: MediaType.ociIndex, body.jsonBytes())
        if !types.isEmpty { response.headers[.ociFiltersApplied] = "artifactType" }
        return response
    }
}
