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
        of new: ImageStream, old: ImageStream?, maximumTags: Quantity?, maximumImages: Quantity?
    ) -> [String] {
        let after = ImageStreamUsage(new)
        if let before = old.map(ImageStreamUsage.init), before.references.isSuperset(of: after.references),
            before.images.isSuperset(of: after.images)
        {
            return []
        }
        func text(_ resource: String, _ count: Int, _ limit: Quantity?) -> String? {
            let usage = Quantity(Int64(count))
            guard let limit, usage.exceeds(limit) else { return nil }
            return
                "requested usage of openshift.io/\(resource) exceeds the maximum limit per openshift.io/ImageStream (\(usage) > \(limit))"
        }
        return [
            text("image-tags", after.references.count, maximumTags), text("images", after.images.count, maximumImages),
        ].compactMap { $0 }
    }
}

/// The largest streams and images a namespace allows.
public struct ImageStreamMaxima: Hashable, Sendable {
    /// `openshift.io/image-tags`: the smallest `max` of the LimitRanges of type `openshift.io/ImageStream`.
    public var tags: Quantity?
    /// `openshift.io/images`, likewise.
    public var images: Quantity?
    /// Bytes of a pushed image: `max.storage` of every LimitRange of type `openshift.io/Image`.
    public var imageSizes: [Quantity]

    public init(tags: Quantity? = nil, images: Quantity? = nil, imageSizes: [Quantity] = []) {
        self.tags = tags
        self.images = images
        self.imageSizes = imageSizes
    }

    /// - Parameters:
    ///   - stream: what the limits of type `openshift.io/ImageStream` say under `max`.
    ///   - image: likewise those of type `openshift.io/Image`.
    public init(stream: [[String: Quantity]], image: [[String: Quantity]]) {
        func smallest(_ resource: String) -> Quantity? {
            stream.compactMap { $0[resource] }.min { $1.exceeds($0) }
        }
        self.init(
            tags: smallest("openshift.io/image-tags"), images: smallest("openshift.io/images"),
            imageSizes: image.compactMap { $0["storage"] })
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
        if maxima.tags == nil && maxima.images == nil { return [] }
        return ImageStreamUsage.violations(
            of: new, old: old, maximumTags: maxima.tags, maximumImages: maxima.images)
    }

    public func imageSizes(in namespace: String) async throws -> [Quantity] {
        try await maxima(namespace).imageSizes
    }
}
