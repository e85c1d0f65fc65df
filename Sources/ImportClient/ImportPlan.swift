import JSON

/// What is sent for a wish: pure, from the wish and the stream as it is (spec/import-and-controllers.md A.28).
///
/// Tags keep what they say of themselves where the wish does not: `oc import-image` would reset their import mode.
struct ImportPlan: Equatable {
    /// All tags of a repository: the first request asks for it, and its answer names those that are beyond the server's
    /// limit.
    var repository: String?
    /// Single tags, in the order of the stream.
    var tags: [Tag] = []
    /// That the plan was made for; empty for a stream that is not there.
    var resourceVersion = ""

    /// One tag and where it comes from.
    struct Tag: Hashable {
        var name: String
        var from: String
    }

    /// - Parameter stream: nil where there is none.
    /// - Throws: where the stream does not let itself be imported so.
    init(_ wish: ImportWish, stream: JSONValue?) throws(ImportRefusal) {
        guard let stream else {
            guard wish.isConfirmed else {
                throw ImportRefusal(
                    "no image stream named \"\(wish.stream)\" exists, pass --confirm to create and import")
            }
            if let tag = wish.tag {
                tags = [Tag(name: tag, from: wish.newSource)]
            } else {
                repository = wish.newSource
            }
            return
        }
        resourceVersion = stream["metadata"]?["resourceVersion"]?.stringValue ?? ""
        if let tag = wish.tag {
            tags = [try Self.single(tag, wish, SpecTags(stream))]
        } else {
            try planAll(wish, stream)
        }
    }

    private mutating func planAll(_ wish: ImportWish, _ stream: JSONValue) throws(ImportRefusal) {
        let known = stream["spec"]?["dockerImageRepository"]?.stringValue ?? ""
        guard let from = wish.from ?? (known.isEmpty ? nil : known) else {
            tags = SpecTags(stream).all.compactMap { tag in
                tag["from"]?["kind"]?.stringValue == "DockerImage"
                    ? Tag(name: tag["name"]?.stringValue ?? "", from: tag["from"]?["name"]?.stringValue ?? "") : nil
            }
            guard !tags.isEmpty else {
                throw ImportRefusal("image stream does not have tags pointing to external container images")
            }
            return
        }
        guard from == known || wish.isConfirmed else {
            throw ImportRefusal(
                known.isEmpty
                    ? "the image stream does not currently import an entire repository, pass --confirm to do so"
                    : "the image stream has a different import spec \"\(known)\", pass --confirm to import this one")
        }
        repository = from
    }

    private static func single(
        _ tag: String, _ wish: ImportWish, _ spec: SpecTags
    ) throws(ImportRefusal) -> Tag {
        let end = try spec.follow(tag)
        guard let existing = end.tag else {
            let known = tag == ImportWish.defaultTag ? spec.repository : nil
            guard let from = wish.from ?? known else {
                throw ImportRefusal(
                    "the tag \"\(end.name)\" does not exist on the image stream: pass --from to say where it comes from"
                )
            }
            return Tag(name: end.name, from: from)
        }
        guard let from = existing["from"], !from.isNull, let source = from["name"]?.stringValue else {
            throw ImportRefusal("tag \"\(tag)\" already exists, and was not imported: 'oc tag' gives it a source")
        }
        guard from["kind"]?.stringValue == "DockerImage" else {
            throw ImportRefusal(
                "tag \"\(tag)\" points to existing \(from["kind"]?.stringValue ?? "") \"\(source)\", it cannot be re-imported"
            )
        }
        guard wish.from == nil || wish.from == source else {
            let way = end.name == tag ? "" : "the tag \"\(end.name)\" which points to "
            throw ImportRefusal(
                "the tag \"\(tag)\" points to \(way)\"\(source)\": 'oc tag' changes the source to \"\(wish.from ?? "")\""
            )
        }
        return Tag(name: end.name, from: source)
    }
}

/// The tags that the spec of a stream has.
struct SpecTags {
    let all: [JSONValue]
    /// The repository that the stream imports as a whole; nil where there is none.
    let repository: String?
    private let stream: String
    private let namespace: String

    init(_ stream: JSONValue?) {
        all = Array(stream?["spec"]?["tags"]?.arrayValue ?? [])
        let known = stream?["spec"]?["dockerImageRepository"]?.stringValue ?? ""
        repository = known.isEmpty ? nil : known
        self.stream = stream?["metadata"]?["name"]?.stringValue ?? ""
        namespace = stream?["metadata"]?["namespace"]?.stringValue ?? ""
    }

    subscript(name: String) -> JSONValue? { all.first { $0["name"]?.stringValue == name } }

    /// The tag at the end of tags that follow each other.
    /// - Returns: its name, and nil for one that is not there.
    func follow(_ start: String) throws(ImportRefusal) -> (name: String, tag: JSONValue?) {
        var name = start
        var seen: Set<String> = []
        while seen.insert(name).inserted {
            guard let tag = self[name] else { return (name, nil) }
            guard let from = tag["from"], from["kind"]?.stringValue == "ImageStreamTag" else { return (name, tag) }
            let target = (from["name"]?.stringValue ?? "").split(
                separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let elsewhere = from["namespace"]?.stringValue ?? ""
            guard elsewhere.isEmpty || elsewhere == namespace, target.count == 1 || target[0] == stream else {
                throw ImportRefusal("tag \"\(start)\" points to an imagestreamtag from another image stream")
            }
            guard let next = target.last, !next.isEmpty else {
                throw ImportRefusal("tag \"\(start)\" points to an invalid imagestreamtag")
            }
            name = String(next)
        }
        throw ImportRefusal("tag \"\(start)\" on the image stream is a reference to same tag")
    }
}
