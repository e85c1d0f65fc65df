import APIMachinery
import ImageAPI
import OCI

/// Defaults and normal form of streams and of what imports are made of (spec/image-resources.md 5).
struct ImageStreamDefaults: Sendable {
    /// The import mode of tags that name none.
    var importMode: String

    func apply(to policy: inout TagImportPolicy) {
        if policy.importMode.isEmpty { policy.importMode = importMode }
    }

    func apply(to policy: inout TagReferencePolicy) {
        if policy.type.isEmpty { policy.type = "Source" }
    }

    func apply(to tag: inout TagReference) {
        apply(to: &tag.importPolicy)
        apply(to: &tag.referencePolicy)
    }

    /// Defaults, and tags as the map they are: later entries win, sorted by name.
    func apply(to stream: inout ImageStream) {
        for index in stream.spec.tags.indices { apply(to: &stream.spec.tags[index]) }
        stream.spec.tags = Self.unique(stream.spec.tags, by: \.name)
        stream.status.tags = Self.unique(stream.status.tags, by: \.tag)
    }

    func apply(to request: inout ImageStreamImport) {
        for index in request.spec.images.indices {
            apply(to: &request.spec.images[index].importPolicy)
            apply(to: &request.spec.images[index].referencePolicy)
            let from = request.spec.images[index].from.name
            if request.spec.images[index].to == nil,
                let tag = (try? ImageReference(parsing: from))?.tag.nonEmpty
            {
                request.spec.images[index].to = LocalObjectReference(name: tag)
            }
        }
        if var repository = request.spec.repository {
            apply(to: &repository.importPolicy)
            apply(to: &repository.referencePolicy)
            request.spec.repository = repository
        }
    }

    private static func unique<Element>(_ elements: [Element], by name: (Element) -> String) -> [Element] {
        let isNormal = zip(elements, elements.dropFirst()).allSatisfy { precedes(name($0), name($1)) }
        if isNormal { return elements }
        let last = Dictionary(elements.map { (name($0), $0) }, uniquingKeysWith: { $1 })
        return last.sorted { precedes($0.key, $1.key) }.map(\.value)
    }
}
