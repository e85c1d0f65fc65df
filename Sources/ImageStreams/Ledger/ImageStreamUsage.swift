import APIMachinery
import ImageAPI
import OCI

/// What of a stream counts against limits (spec/image-resources.md 9.12). Pure.
struct ImageStreamUsage: Hashable, Sendable {
    /// The distinct references of spec tags.
    var references: Set<String> = []
    /// The distinct Images of the history.
    var images: Set<String> = []

    init(_ stream: ImageStream) {
        for tag in stream.spec.tags {
            if let from = tag.from, let key = Self.key(of: from, in: stream) { references.insert(key) }
        }
        for entry in stream.status.tags {
            for event in entry.items where !event.image.isEmpty { images.insert(event.image) }
        }
    }

    /// What two references have in common that count once; nil for those that do not count.
    private static func key(of from: ObjectReference, in stream: ImageStream) -> String? {
        let namespace = from.namespace.nonEmpty ?? stream.metadata.namespace
        switch TagSource.Kind(rawValue: from.kind) {
        case .dockerImage:
            guard let reference = try? ImageReference(parsing: from.name) else { return nil }
            return reference.withClientDefaults().daemonMinimal().exact
        case .imageStreamImage:
            guard let reference = try? ImageReference(parsing: from.name), !reference.id.isEmpty else { return nil }
            return "\(namespace)/\(reference.name)@\(reference.id)"
        case .imageStreamTag:
            let parts = from.name.parts(at: ":")
            return parts.count == 2 ? "\(namespace)/\(from.name)" : nil
        case nil:
            return nil
        }
    }

    /// The texts of the limits a write exceeds; none where it adds nothing to what was there.
    ///
    /// - Parameters:
    ///   - maximumTags: `openshift.io/image-tags`; nil without a limit. Likewise `maximumImages`.
    static func violations(
        of new: ImageStream, old: ImageStream?, maximumTags: Int?, maximumImages: Int?
    ) -> [String] {
        let after = ImageStreamUsage(new)
        if let before = old.map(ImageStreamUsage.init), before.references.isSuperset(of: after.references),
            before.images.isSuperset(of: after.images)
        {
            return []
        }
        func text(_ resource: String, _ usage: Int, _ limit: Int?) -> String? {
            guard let limit, usage > limit else { return nil }
            return
                "requested usage of openshift.io/\(resource) exceeds the maximum limit per openshift.io/ImageStream (\(usage) > \(limit))"
        }
        return [
            text("image-tags", after.references.count, maximumTags), text("images", after.images.count, maximumImages),
        ].compactMap { $0 }
    }
}

/// The largest streams a namespace allows: the smallest `max` of its LimitRanges of type `openshift.io/ImageStream`.
public struct ImageStreamMaxima: Hashable, Sendable {
    public var tags: Int?
    public var images: Int?

    public init(tags: Int? = nil, images: Int? = nil) {
        self.tags = tags
        self.images = images
    }
}

/// Limits that are looked up by namespace.
public struct NamespaceImageStreamLimits: ImageStreamLimits {
    private let maxima: @Sendable (_ namespace: String) async throws -> ImageStreamMaxima

    /// - Parameter maxima: throws `APIError` where the limits are not known yet.
    public init(_ maxima: @escaping @Sendable (_ namespace: String) async throws -> ImageStreamMaxima) {
        self.maxima = maxima
    }

    public func violations(of new: ImageStream, old: ImageStream?) async throws -> [String] {
        let maxima = try await maxima(new.metadata.namespace)
        if maxima == ImageStreamMaxima() { return [] }
        return ImageStreamUsage.violations(
            of: new, old: old, maximumTags: maxima.tags, maximumImages: maxima.images)
    }
}
