import APIMachinery
import OCI

/// Fetches what imports ask for. The network side of an import; the other side of this seam knows nothing of streams.
public protocol ImageImporter: Sendable {
    /// Fetches everything, or says of each part why it could not: the call itself cannot fail.
    /// - Returns: one answer for every image of the order, in its order.
    func fetch(_ order: ImportOrder) async -> ImportDelivery
}

/// What one import wants.
public struct ImportOrder: Sendable {
    /// One image, by tag or by digest.
    public struct Item: Sendable, Hashable {
        /// The reference as the client wrote it.
        public var text: String
        public var reference: ImageReference
        /// `Legacy` or `PreserveOriginal`.
        public var importMode: String
        public var isInsecure: Bool
        /// The platform to take out of a manifest list in Legacy mode; empty: the default. For tags only.
        public var preferredArchitecture: String
        public var preferredOS: String
    }

    /// A repository whose tags are wanted, as many as the importer's configuration allows.
    public struct Repository: Sendable, Hashable {
        public var text: String
        public var reference: ImageReference
        public var importMode: String
        public var isInsecure: Bool
    }

    public var namespace: String
    /// Nobody waits for it: registries that have had enough are left alone.
    public var isBackground = false
    public var images: [Item]
    public var repository: Repository?
    /// Credentials of the namespace, in the order in which its secrets are listed.
    public var pullSecrets: [Secret]
}

/// What came of an order.
public struct ImportDelivery: Sendable {
    public struct Answer: Sendable {
        /// The source tag; empty for digests.
        public var tag: String
        public var outcome: Outcome

        public init(tag: String, outcome: Outcome) {
            self.tag = tag
            self.outcome = outcome
        }
    }

    public enum Outcome: Sendable {
        case image(FetchedImage)
        /// `status.status` is `Failure` (spec/import-and-controllers.md A.21).
        case failure(Status)
    }

    public struct Repository: Sendable {
        /// Success, the failure to list, or how many tags failed.
        public var status: Status
        public var images: [Answer]
        /// Tags beyond the limit, by priority.
        public var additionalTags: [String]

        public init(status: Status, images: [Answer] = [], additionalTags: [String] = []) {
            self.status = status
            self.images = images
            self.additionalTags = additionalTags
        }
    }

    public var images: [Answer]
    public var repository: Repository?
    /// What the client should be told besides, such as of a pull secret that cannot be read.
    public var warnings: [String]

    public init(images: [Answer], repository: Repository? = nil, warnings: [String] = []) {
        self.images = images
        self.repository = repository
        self.warnings = warnings
    }
}

/// An image as a registry gave it, verified.
public struct FetchedImage: Sendable {
    public struct Layer: Sendable, Hashable {
        public var name: String
        public var size: Int64
        public var mediaType: String

        public init(name: String, size: Int64, mediaType: String) {
            self.name = name
            self.size = size
            self.mediaType = mediaType
        }
    }

    /// The pull spec by digest, in the spelling of the order.
    public var dockerImageReference: String
    /// Of the manifest; the name of the Image.
    public var digest: Digest
    /// The manifest as received.
    public var manifest: [UInt8]
    /// The manifest's own media type, or the one it was recognised as.
    public var mediaType: String
    /// The config blob; nil for lists and schema 1.
    public var config: [UInt8]?
    /// Base first; with the sizes that had to be asked for (schema 1).
    public var layers: [Layer]
    /// Bytes of config and distinct layers; 0 for lists.
    public var size: Int64
    /// The images of a manifest list that was kept as it is, in its order.
    public var children: [FetchedImage]

    public init(
        dockerImageReference: String, digest: Digest, manifest: [UInt8], mediaType: String, config: [UInt8]? = nil,
        layers: [Layer] = [], size: Int64 = 0, children: [FetchedImage] = []
    ) {
        self.dockerImageReference = dockerImageReference
        self.digest = digest
        self.manifest = manifest
        self.mediaType = mediaType
        self.config = config
        self.layers = layers
        self.size = size
        self.children = children
    }
}
