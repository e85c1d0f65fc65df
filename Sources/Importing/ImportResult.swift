public import OCI

/// What came of an import.
public struct ImportResult: Sendable {
    /// One for each entry of the request, in its order.
    public let images: [ImageImportResult]
    /// Present when the request names a repository.
    public let repository: RepositoryImportResult?

    public init(images: [ImageImportResult], repository: RepositoryImportResult? = nil) {
        self.images = images
        self.repository = repository
    }
}

/// The image or the reason why there is none; never neither.
public struct ImageImportResult: Sendable {
    /// The tag at the source, `latest` where none was written. Nil for digests and for what was never fetched.
    public let tag: String?
    public let result: Result<ImportedImage, ImportFailure>

    public init(tag: String?, result: Result<ImportedImage, ImportFailure>) {
        self.tag = tag
        self.result = result
    }
}

/// What came of a repository import.
public struct RepositoryImportResult: Sendable {
    /// Why there is no list of tags. `images` and `additionalTags` are empty then.
    public let listingFailure: ImportFailure?
    /// In the order of import.
    public let images: [ImageImportResult]
    /// Tags beyond the limit, by priority.
    public let additionalTags: [String]

    public init(listingFailure: ImportFailure? = nil, images: [ImageImportResult], additionalTags: [String] = []) {
        self.listingFailure = listingFailure
        self.images = images
        self.additionalTags = additionalTags
    }

    /// The status of the repository; nil for success. Failed images only count (A.18 step 9).
    public var status: ImportStatus? {
        if let listingFailure { return listingFailure.status }
        let failed = images.count { if case .failure = $0.result { true } else { false } }
        guard failed > 0 else { return nil }
        let count = failed == 1 ? "one" : "\(failed)"
        return ImportStatus(
            code: nil, reason: "ImportFailed",
            message: "\(count) of the images from this repository failed to import")
    }
}

/// An image with everything an Image object is made of (A.20).
public struct ImportedImage: Sendable {
    /// The pull spec by digest, with the repository as the request wrote it.
    public internal(set) var dockerImageReference: String
    /// Of the manifest. Its media type is the Image's, its sha256 digest the Image's name.
    public let manifest: Manifest
    /// As received; with the signatures for schema 1.
    public let manifestBytes: [UInt8]
    /// The config blob; nil for lists and schema 1.
    public let config: [UInt8]?
    /// Base first; empty for lists.
    public let layers: [ImportedLayer]
    /// Bytes of the config and of each distinct layer; 0 for lists.
    public let size: Int64
    /// The images of a list that was kept, in its order.
    public internal(set) var children: [ImportedImage]

    public init(
        dockerImageReference: String, manifest: Manifest, manifestBytes: [UInt8], config: [UInt8]?,
        layers: [ImportedLayer], size: Int64, children: [ImportedImage]
    ) {
        self.dockerImageReference = dockerImageReference
        self.manifest = manifest
        self.manifestBytes = manifestBytes
        self.config = config
        self.layers = layers
        self.size = size
        self.children = children
    }

    /// The Image's name.
    public var digest: Digest { manifest.digest }
}

/// A layer as it is recorded in an Image.
public struct ImportedLayer: Hashable, Sendable {
    public let name: Digest
    /// Bytes; 0 where nobody knows.
    public let size: Int64
    public let mediaType: String

    public init(name: Digest, size: Int64, mediaType: String) {
        self.name = name
        self.size = size
        self.mediaType = mediaType
    }
}

extension ImportedImage {
    /// The image as one of `repository`, a reference as written (A.13 step 3, A.17 step 2).
    func named(in repository: ImageReference) -> ImportedImage {
        var image = self
        image.dockerImageReference = Self.reference(in: repository, digest)
        if case .index(let index) = manifest.content {
            for (position, entry) in zip(image.children.indices, index.manifests) {
                image.children[position].dockerImageReference = Self.reference(in: repository, entry.digest)
            }
        }
        return image
    }

    private static func reference(in repository: ImageReference, _ digest: Digest) -> String {
        var reference = repository.asRepository()
        reference.id = digest.description
        return reference.mostSpecific().exact
    }

    /// Without the images of a list (A.18 step 7).
    func withoutChildren() -> ImportedImage {
        var image = self
        image.children = []
        return image
    }
}
