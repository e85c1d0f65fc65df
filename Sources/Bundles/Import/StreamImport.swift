import JSON
import NIOHTTP1
import OCI

/// One stream of a bundle on its way to a server: blobs, manifests, tags, and then what else the stream says.
struct StreamImport: Sendable {
    let session: ServerSession
    let plan: BundlePlan
    let request: BundleImport.Request

    /// Tags that one request sets.
    private static let tagsAtOnce = 20

    /// Looks whether the stream can be brought there, before anything is sent.
    /// - Throws: `.server`, `.unclear`.
    func prepare(_ stream: BundledStream) async throws {
        let path = "/api/v1/namespaces/\(stream.namespace)"
        // Who may not see namespaces may still push.
        guard try await session.send(.GET, path).status == 404 else { return }
        guard request.createsNamespaces else {
            throw BundleError.unclear("there is no namespace \(stream.namespace); --create-namespaces makes it")
        }
    }

    /// - Parameters:
    ///   - sent: where blobs have been sent to by now.
    ///   - problem: is told of an image that the server does not take. The others come all the same.
    /// - Returns: how many tags were set.
    func run(
        _ stream: BundledStream, _ sent: inout [Digest: String], _ tally: inout BundleImport.Tally,
        problem: (_ place: String, _ message: String) async throws -> Void,
        progress: (BundleImport.Tally) async throws -> Void
    ) async throws -> Int {
        var stream = stream
        let path = StreamDocument.path("\(stream.namespace)/\(stream.name)")
        try await createNamespace(stream.namespace)
        var known: [String: Digest] = [:]
        let answer = try await session.send(.GET, path)
        if answer.status == 404 {
            try await session.require(
                .POST, StreamDocument.path(in: stream.namespace), StreamDocument.new(stream).jsonBytes())
        } else if answer.isSuccess {
            known = StreamDocument.images(try JSONValue.parse(answer.body))
        } else {
            throw BundleError.server(status: answer.status, answer.message)
        }
        // Following tags move with those that they follow.
        let following = Set(
            (stream.spec["tags"]?.arrayValue ?? []).filter { StreamDocument.isFollowing($0, stream) }
                .compactMap { $0["name"]?.stringValue })
        var tags: [Digest: [String]] = [:]
        for tag in stream.tags where !following.contains(tag.name) && known[tag.name] != tag.digest {
            tags[tag.digest, default: []].append(tag.name)
        }
        var done: Set<Digest> = []
        var refused: Set<Digest> = []
        for image in stream.tags + stream.manifests where !refused.contains(image.digest) {
            do {
                try await push(
                    image.digest, image.mediaType, tags.removeValue(forKey: image.digest) ?? [], to: stream, &done,
                    &sent, &tally, progress)
            } catch let error as BundleError where error.isOfOneImage {
                refused.insert(image.digest)
                tally.problems += 1
                try await problem(image.place(in: stream), "\(error)")
            }
        }
        stream.leaveOut(stream.tags.filter { refused.contains($0.digest) }.map(\.name))
        let patch = StreamDocument.patch(stream, keepsSources: request.keepsSources)
        if patch["metadata"] != nil || patch["spec"]?.objectValue?.isEmpty == false {
            try await session.require(
                .PATCH, path, type: "application/strategic-merge-patch+json", patch.jsonBytes())
        }
        return stream.tags.count { !following.contains($0.name) && known[$0.name] != $0.digest }
    }

    private func createNamespace(_ name: String) async throws {
        guard request.createsNamespaces, try await session.send(.GET, "/api/v1/namespaces/\(name)").status == 404
        else { return }
        let object: JSONValue = [
            "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)],
        ]
        let answer = try await session.send(.POST, "/api/v1/namespaces", object.jsonBytes())
        // Somebody else was first, which is as good.
        guard answer.isSuccess || answer.status == 409 else {
            throw BundleError.server(status: answer.status, "the namespace \(name): \(answer.message)")
        }
    }

    // MARK: What is left out

    /// Makes the blobs of an earlier bundle a part of the repository, which works only where the server has them.
    /// - Throws: `.unclear` for one that is nowhere.
    func requireEarlier(_ stream: BundledStream) async throws {
        guard let required = plan.contents?.required, !required.isEmpty else { return }
        try await createNamespace(stream.namespace)
        let repository = "\(stream.namespace)/\(stream.name)"
        var seen: Set<Digest> = []
        var pending = (stream.tags + stream.manifests).map { ($0.digest, $0.mediaType) }
        while let (digest, mediaType) = pending.popLast() {
            guard seen.insert(digest).inserted else { continue }
            let manifest = try plan.manifest(digest, mediaType, of: repository)
            for blob in manifest.blobs where required.contains(blob.digest) && seen.insert(blob.digest).inserted {
                try await requireEarlier(blob.digest, in: repository)
            }
            pending += manifest.children.filter { plan.archive.has($0.digest) && $0.isManifest }
                .map { ($0.digest, $0.mediaType) }
        }
    }

    private func requireEarlier(_ digest: Digest, in repository: String) async throws {
        if try await session.send(.HEAD, "/v2/\(repository)/blobs/\(digest)").isSuccess { return }
        guard try await mount(digest, to: repository, from: "") else {
            throw BundleError.unclear(
                "\(digest) of \(repository) is neither in the bundle nor on the server: import the earlier bundle first"
            )
        }
    }

    // MARK: Manifests

    /// Pushes what a manifest is made of, then itself, where the server does not have it.
    private func push(
        _ digest: Digest, _ mediaType: String, _ tags: [String], to stream: BundledStream, _ done: inout Set<Digest>,
        _ sent: inout [Digest: String], _ tally: inout BundleImport.Tally,
        _ progress: (BundleImport.Tally) async throws -> Void
    ) async throws {
        let repository = "\(stream.namespace)/\(stream.name)"
        let isFirst = done.insert(digest).inserted
        guard isFirst || !tags.isEmpty else { return }
        let manifest = try plan.manifest(digest, mediaType, of: repository)
        var isThere = true
        if isFirst {
            for child in manifest.children where plan.archive.has(child.digest) && child.isManifest {
                try await push(child.digest, child.mediaType, [], to: stream, &done, &sent, &tally, progress)
            }
            let path = "/v2/\(repository)/manifests/\(digest)"
            isThere = try await session.send(.HEAD, path, accept: [manifest.mediaType, "*/*"]).isSuccess
            if !isThere {
                for blob in manifest.blobs { try await push(blob, to: repository, &sent, &tally, progress) }
                for child in manifest.children where plan.archive.has(child.digest) && !child.isManifest {
                    try await push(child, to: repository, &sent, &tally, progress)
                }
            }
        }
        guard !isThere || !tags.isEmpty else { return }
        var rest = tags[...]
        repeat {
            let part = rest.prefix(Self.tagsAtOnce)
            rest = rest.dropFirst(part.count)
            let query = part.isEmpty ? "" : "?" + part.map { "tag=\($0)" }.joined(separator: "&")
            try await session.require(
                .PUT, "/v2/\(repository)/manifests/\(digest)\(query)", type: manifest.mediaType, manifest.bytes)
        } while !rest.isEmpty
        if !isThere { tally.manifests += 1 }
        tally.tags += tags.count
        try await progress(tally)
    }

    // MARK: Blobs

    private func push(
        _ blob: Descriptor, to repository: String, _ sent: inout [Digest: String],
        _ tally: inout BundleImport.Tally, _ progress: (BundleImport.Tally) async throws -> Void
    ) async throws {
        try Task.checkCancellation()
        let digest = blob.digest
        if sent[digest] == repository { return }
        if try await session.send(.HEAD, "/v2/\(repository)/blobs/\(digest)").isSuccess { return }
        let isHere = plan.archive.has(digest)
        if let source = sent[digest] {
            if try await mount(digest, to: repository, from: "&from=\(source)") { return }
        } else if !isHere {
            guard try await mount(digest, to: repository, from: "") else {
                throw BundleError.unclear(
                    "\(digest) of \(repository) is neither in the bundle nor on the server: import the earlier bundle first"
                )
            }
            return
        }
        let archive = plan.archive
        let answer = try await session.upload(
            "/v2/\(repository)/blobs/uploads/?digest=\(digest)", size: blob.size
        ) { range in try archive.read(digest, range) }
        guard answer.status == 201 else {
            throw BundleError.server(status: answer.status, "\(digest) to \(repository): \(answer.message)")
        }
        sent[digest] = repository
        tally.blobs += 1
        tally.bytes += blob.size
        try await progress(tally)
    }

    /// - Parameter from: the query that says where it is; empty for anywhere.
    private func mount(_ digest: Digest, to repository: String, from: String) async throws -> Bool {
        let answer = try await session.send(.POST, "/v2/\(repository)/blobs/uploads/?mount=\(digest)\(from)")
        if answer.status == 202, let location = answer.headers.first(name: "location"), location.hasPrefix("/v2/") {
            // An upload has begun instead, which nobody wants.
            _ = try await session.send(.DELETE, location)
        }
        return answer.status == 201
    }
}
