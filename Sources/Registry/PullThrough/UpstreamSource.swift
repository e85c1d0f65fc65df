import ImageAPI
import ImageStreams
import OCI

/// A repository elsewhere that some image of a stream came from (spec/registry.md 4.3).
struct UpstreamSource: Hashable, Sendable {
    var repository: RepositoryName
    /// Its certificate need not be good, and plain HTTP will do (PT-21).
    var isInsecure: Bool
}

/// Where the images of a stream came from. Pure.
struct UpstreamSources: Sendable {
    private let stream: ImageStream
    private let isInsecureStream: Bool
    /// Hosts that some tag may be imported from without a good certificate: that holds for the host (4.3).
    private let insecureHosts: Set<String>
    /// Whether a pull spec names this registry, which is never asked for what it does not have.
    private let isOwn: @Sendable (ImageReference) -> Bool

    /// Sources that are tried for one blob.
    static let maximum = 16

    init(_ stream: ImageStream, isOwn: @escaping @Sendable (ImageReference) -> Bool) {
        self.stream = stream
        self.isOwn = isOwn
        isInsecureStream = stream.metadata.annotations[KnownAnnotation.insecureRepository] == "true"
        let insecureTags = Set(stream.spec.tags.filter(\.importPolicy.insecure).map(\.name))
        insecureHosts = Set(
            stream.status.tags.filter { insecureTags.contains($0.tag) }.flatMap { entry in
                entry.items.compactMap {
                    (try? ImageReference(parsing: $0.dockerImageReference))?.withClientDefaults().registry
                }
            })
    }

    /// The source that the newest event with an image names; nil where there is none.
    func source(ofImage image: String) -> UpstreamSource? {
        var newest: (event: TagEvent, tag: String)?
        for entry in stream.status.tags {
            for event in entry.items where event.image == image && source(of: event, in: entry.tag) != nil {
                if let known = newest, known.event.created >= event.created { continue }
                newest = (event, entry.tag)
            }
        }
        return newest.flatMap { source(of: $0.event, in: $0.tag) }
    }

    /// Everywhere that images of the stream came from: present ones first, secure ones before others, then by name.
    func all() -> [UpstreamSource] {
        var rounds: [Set<UpstreamSource>] = [[], []]
        for entry in stream.status.tags {
            for (place, event) in entry.items.enumerated() {
                guard let source = source(of: event, in: entry.tag) else { continue }
                rounds[place == 0 ? 0 : 1].insert(source)
            }
        }
        var seen: Set<UpstreamSource> = []
        let ordered = rounds.flatMap { round in
            round.sorted { left, right in
                left.isInsecure == right.isInsecure
                    ? left.repository.description < right.repository.description : right.isInsecure
            }
        }
        return Array(ordered.filter { seen.insert($0).inserted }.prefix(Self.maximum))
    }

    private func source(of event: TagEvent, in tag: String) -> UpstreamSource? {
        guard let reference = try? ImageReference(parsing: event.dockerImageReference), !isOwn(reference),
            !reference.name.isEmpty
        else { return nil }
        let complete = reference.withClientDefaults()
        let isInsecure = isInsecureStream || insecureHosts.contains(complete.registry)
        return UpstreamSource(
            repository: RepositoryName(host: complete.registry, path: complete.repositoryName), isInsecure: isInsecure)
    }
}
