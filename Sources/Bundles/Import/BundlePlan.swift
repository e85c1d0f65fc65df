import JSON
import OCI

/// What is in a bundle and where it belongs.
struct BundlePlan: Sendable {
    let archive: BundleArchive
    /// Nil for an archive of another program.
    let contents: BundleContents?
    /// Of such an archive.
    private(set) var foreign: [BundledStream] = []
    private let images: [JSONValue]

    /// - Throws: `BundleError` for what is no bundle.
    static func open(_ path: String) throws(BundleError) -> BundlePlan { try BundlePlan(BundleArchive(path)) }

    private init(_ archive: BundleArchive) throws(BundleError) {
        self.archive = archive
        let head = try archive.head()
        guard let layout = try? JSONValue.parse(head.layout), layout["imageLayoutVersion"]?.stringValue == "1.0.0"
        else { throw .damaged(reason: "it is no OCI image layout of version 1.0.0") }
        guard let index = try? JSONValue.parse(head.index), index.objectValue != nil else {
            throw .damaged(reason: "index.json is no JSON object")
        }
        images = Array(index["manifests"]?.arrayValue ?? [])
        guard let text = index["annotations"]?[BundleContents.annotation]?.stringValue else {
            contents = nil
            return
        }
        guard let digest = Digest(text) else { throw .damaged(reason: "index.json names contents by no digest") }
        contents = try BundleContents(parsing: try archive.document(digest, of: "the bundle"))
    }

    /// The streams of a bundle, or those that an archive of another program becomes.
    /// - Throws: `BundleError`.
    func forEachStream(
        _ request: BundleImport.Request, _ body: (BundledStream) async throws -> Void
    ) async throws {
        guard let contents else {
            for stream in try streams(request) { try await body(stream) }
            return
        }
        guard request.target?.tag == nil else {
            throw BundleError.unclear("--to names a tag: the tags of this bundle are its own")
        }
        guard request.target?.stream == nil || contents.streams.count == 1 else {
            throw BundleError.unclear("--to names one stream, and the bundle has \(contents.streams.count)")
        }
        for entry in contents.streams {
            let name = "\(entry.namespace)/\(entry.name)"
            var stream = try BundledStream(parsing: try archive.document(entry.digest, of: name), entry)
            if let namespace = request.target?.namespace { stream.namespace = namespace }
            if let name = request.target?.stream { stream.name = name }
            try await body(try Self.checked(stream))
        }
    }

    // MARK: Archives of other programs

    private func streams(_ request: BundleImport.Request) throws(BundleError) -> [BundledStream] {
        guard !images.isEmpty else { throw .unclear("the archive has no images") }
        var streams: [BundledStream] = []
        for image in images {
            let name = image["annotations"]?["org.opencontainers.image.ref.name"]?.stringValue ?? ""
            guard let digest = image["digest"]?.stringValue.flatMap({ Digest($0) }) else {
                throw .damaged(reason: "an entry of index.json has no digest")
            }
            let place = try Self.place(of: name, request.target, isOnly: images.count == 1)
            let tag = BundledStream.Tag(
                name: place.tag, digest: digest, mediaType: image["mediaType"]?.stringValue ?? "")
            if let known = streams.firstIndex(where: { $0.namespace == place.namespace && $0.name == place.stream }) {
                guard !streams[known].tags.contains(where: { $0.name == tag.name && $0.digest != digest }) else {
                    throw .unclear("two images of the archive would be \(place.namespace)/\(place.stream):\(tag.name)")
                }
                streams[known].tags.append(tag)
            } else {
                var stream = BundledStream(namespace: place.namespace, name: place.stream)
                stream.tags = [tag]
                streams.append(try Self.checked(stream))
            }
        }
        return streams
    }

    /// Where an image belongs by its name in the archive, `[HOST/]NAMESPACE/STREAM[:TAG]`, a mere tag, or nothing.
    static func place(
        of name: String, _ target: BundleSelection?, isOnly: Bool
    ) throws(BundleError) -> (namespace: String, stream: String, tag: String) {
        var parts = name.split(separator: "/").map(String.init)
        if parts.count > 1, let host = parts.first, host == "localhost" || host.contains(".") || host.contains(":") {
            parts.removeFirst()
        }
        var last = parts.popLast() ?? ""
        var tag: String?
        if let colon = last.firstIndex(of: ":") {
            tag = String(last[last.index(after: colon)...])
            last = String(last[..<colon])
        } else if parts.isEmpty, !name.contains("/") {
            // A tag alone, as skopeo writes it.
            tag = last.isEmpty ? nil : last
            last = ""
        }
        if let wanted = target?.tag {
            guard isOnly else { throw .unclear("--to names one tag, and the archive has several images") }
            tag = wanted
        }
        let namespace = target?.namespace ?? (parts.count == 1 ? parts[0] : nil)
        let stream = target?.stream ?? (last.isEmpty || parts.count > 1 ? nil : last)
        guard let namespace, let stream else {
            throw .unclear(
                "the image \"\(name)\" of the archive does not say where it belongs: say it with --to NAMESPACE/STREAM")
        }
        return (namespace, stream, tag ?? "latest")
    }

    /// Names become parts of paths.
    private static func checked(_ stream: BundledStream) throws(BundleError) -> BundledStream {
        func isName(_ text: String) -> Bool {
            !text.isEmpty && text.utf8.count <= 253 && text != "." && text != ".."
                && text.utf8.allSatisfy {
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "._-".utf8.contains($0)
                }
        }
        guard isName(stream.namespace), isName(stream.name) else {
            throw .unclear("\"\(stream.namespace)/\(stream.name)\" is no name of an image stream")
        }
        for tag in stream.tags where !ImageReference.isTag(tag.name) {
            throw .unclear("\"\(tag.name)\" of \(stream.namespace)/\(stream.name) is no tag that can be pushed")
        }
        return stream
    }
}
