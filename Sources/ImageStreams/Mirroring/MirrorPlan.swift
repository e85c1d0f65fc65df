import APIMachinery
import ImageAPI
import OCI

/// Which images of a stream are copied into local storage without waiting for a pull (spec/registry.md PT-18).
///
/// Pure. A tag asks for it by an annotation, its own or its stream's, as long as it is to be pulled from here
/// (`referencePolicy: Local`). Images that are not the newest of their tag are not fetched any more; what was copied of
/// them stays.
public enum MirrorPlan {
    /// Copied as soon as it is imported; both words say the same.
    static let eager = ["always", "eager"]
    /// Not copied before somebody pulls it; both words say the same.
    static let lazy = ["never", "on-pull"]

    /// Whether the annotations of a stream or a tag ask for copies, whatever the tag's policy is.
    public static func isWished(by annotations: [String: String]) -> Bool {
        annotations[KnownAnnotation.mirror].map(eager.contains) ?? false
    }

    /// The newest image of each such tag, each once, in the order of the tags.
    public static func images(of stream: ImageStream) -> [String] {
        let general = stream.metadata.annotations[KnownAnnotation.mirror]
        // Of most streams nobody asks for this.
        guard general != nil || stream.spec.tags.contains(where: { $0.annotations[KnownAnnotation.mirror] != nil })
        else { return [] }
        var seen: Set<String> = []
        return stream.spec.tags.compactMap { tag in
            guard let wish = tag.annotations[KnownAnnotation.mirror] ?? general, eager.contains(wish),
                tag.referencePolicy.type == TagReferencePolicy.local,
                let image = stream.status.tag(tag.name)?.items.first?.image, Digest(image) != nil,
                seen.insert(image).inserted
            else { return nil }
            return image
        }
    }

    /// The warnings of a write: of those annotations that it brings or changes and that mean nothing.
    static func warnings(for new: ImageStream, old: ImageStream?) -> [String] {
        func warning(_ new: [String: String], _ old: [String: String]?) -> String? {
            guard let value = new[KnownAnnotation.mirror], value != old?[KnownAnnotation.mirror],
                !eager.contains(value), !lazy.contains(value)
            else { return nil }
            return "\(KnownAnnotation.mirror): \(goQuoted(String(value.prefix(64)))) is ignored: "
                + "it must be always, eager, on-pull or never"
        }
        let tags = new.spec.tags.lazy.compactMap { tag in
            warning(tag.annotations, old?.spec.tag(tag.name)?.annotations)
                .map { "spec.tags[\(tag.name)].annotations: \($0)" }
        }
        return (warning(new.metadata.annotations, old?.metadata.annotations).map { [$0] } ?? []) + tags.prefix(20)
    }
}
