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
        let names = try await repository.names(of: digest)
        var found = Page(limit: page.limit ?? Int.max, maximumBytes: Self.maximumBytes)
        var warning: String?
        let place = Self.place(page.last)
        if let place { warning = try await addOthers(names, repository, from: place, types, to: &found, call) }
        if found.next == nil, let id = repository.incarnation?.id {
            try await add(names, in: id, after: place == nil ? page.last : "", types, to: &found)
        }
        var response = Self.answer(found.descriptors, types: types)
        if let warning {
            response.headers[.warning] = WarningText.value(199, "referrers of the source are missing: \(warning)")
        }
        if let next = found.next {
            response.headers[.link] = PageQuery.next(
                "/v2/\(path.name)/referrers/\(digest)", last: next, limit: page.limit,
                further: types.sorted().map { ("artifactType", $0) })
        }
        return response
    }

    /// A subject that could exist; nil for one in an algorithm that is not known here.
    private static func subject(_ text: String) throws -> Digest? {
        if Digest.isUnregistered(text) { return nil }
        return try Digest(supported: text)
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
        _ names: [Digest], in id: String, after last: String, _ types: Set<String>, to page: inout Page
    ) async throws {
        var position = last
        var rows = 0
        while true {
            let (entries, hasMore) = try await core.index.referrers(
                of: names, in: id, after: position, limit: Self.pageRows)
            for entry in entries {
                guard let value = try? JSONValue.parse(entry.descriptor) else { continue }
                if types.isEmpty || types.contains(value["artifactType"]?.stringValue ?? "") {
                    guard page.add(value, bytes: entry.descriptor.count) else {
                        // There is one more at least. Nothing was shown where nothing was wanted.
                        page.next = page.descriptors.isEmpty ? nil : position.isEmpty ? Self.start : position
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

    // MARK: What is not in the index

    /// Before the first place in the index, and behind what is not in it.
    private static let start = "+"

    /// Where pages go on among what is not in the index, which is shown first; nil behind it.
    private static func place(_ last: String) -> Int? {
        if last.isEmpty { return 0 }
        return last.hasPrefix("+") ? Int(last.dropFirst()) : nil
    }

    /// What lies in lists that clients keep, and what refers to the manifest where it came from (F-7, PT-25).
    /// - Returns: why some may be missing.
    private func addOthers(
        _ names: [Digest], _ repository: Repository, from place: Int, _ types: Set<String>, to page: inout Page,
        _ call: RegistryCall
    ) async throws -> String? {
        var others: [JSONValue] = []
        var warning: String?
        for name in names {
            others += try await tagged(name, repository, call)
            switch try await core.upstream?.referrers(of: name, in: repository, call) ?? .none {
            case .none: break
            case .known(let descriptors): others += descriptors
            case .failed(let reason): warning = reason
            }
        }
        let wanted = others.enumerated().dropFirst(max(0, place)).filter {
            types.isEmpty || types.contains($1["artifactType"]?.stringValue ?? "")
        }
        for (index, descriptor) in wanted {
            if let digest = descriptor["digest"]?.stringValue.flatMap({ Digest($0) }) {
                // What is deleted is not shown, and what the index has is shown there.
                if try await repository.isDeleted(digest) { continue }
                if let record = try await repository.record(of: digest), !record.isDeleted,
                    record.subject.map({ names.contains($0) }) == true
                {
                    continue
                }
            }
            guard page.add(descriptor, bytes: descriptor.jsonBytes().count) else {
                page.next = page.descriptors.isEmpty ? nil : "+\(index)"
                break
            }
        }
        return warning
    }

    /// The list that clients keep under a tag where a registry does not (F-7).
    private func tagged(
        _ digest: Digest, _ repository: Repository, _ call: RegistryCall
    ) async throws -> [JSONValue] {
        let tag = "\(digest.algorithm.rawValue.prefix(32))-\(digest.hex.prefix(64))"
        guard let named = repository.stream?.status.newestEvent(of: tag).flatMap({ Digest($0.image) }),
            try await repository.gives(named), let list = try await core.content.manifest(named),
            MediaType.manifestKind(list.mediaType)?.isIndex == true,
            let document = try? PushedManifest(parsing: list.bytes, contentType: list.mediaType)
        else { return [] }
        var found: [JSONValue] = []
        for child in document.children.prefix(Self.pageRows) {
            guard try await repository.isVisible(child.digest), try await repository.gives(child.digest),
                let manifest = try await core.content.manifest(child.digest),
                let referrer = try? PushedManifest(parsing: manifest.bytes, contentType: manifest.mediaType),
                referrer.subject?.digest == digest,
                let value = try? JSONValue.parse(referrer.referrer(as: child.digest))
            else { continue }
            found.append(value)
        }
        return found
    }

    /// RFC 9111, 5.5: something is not as it should be, and the answer is good all the same.
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
