import APIMachinery
import ImageAPI
import JSON
import OCI

/// What a spec tag of a stream kind refers to (spec/image-resources.md 9.6.1).
struct TagSource: Hashable {
    /// The kinds of `from`.
    enum Kind: String {
        case dockerImage = "DockerImage"
        case imageStreamTag = "ImageStreamTag"
        case imageStreamImage = "ImageStreamImage"
    }

    /// What the reference calls any `from` it cannot read.
    static let formText = "must be of the form <tag>, <repo>:<tag>, <id>, or <repo>@<id>"

    var namespace: String
    var stream: String
    /// The tag, or the id of the image.
    var item: String

    /// Nil where the kind is not a stream kind or the name has too many parts.
    ///
    /// A name of one part means the stream's own name, even when `from.namespace` is another namespace.
    init?(_ from: ObjectReference, of stream: ImageStream) {
        let separator: Unicode.Scalar
        switch Kind(rawValue: from.kind) {
        case .imageStreamTag: separator = ":"
        case .imageStreamImage: separator = "@"
        default: return nil
        }
        let parts = from.name.parts(at: separator)
        namespace = from.namespace.nonEmpty ?? stream.metadata.namespace
        switch parts.count {
        case 1:
            self.stream = stream.metadata.name
            item = from.name
        case 2:
            self.stream = parts[0]
            item = parts[1]
        default:
            return nil
        }
    }

    func isOwn(_ other: ImageStream) -> Bool {
        namespace == other.metadata.namespace && stream == other.metadata.name
    }
}

/// Finding an image by a part of its name (spec/image-resources.md 9.6.2).
enum ImageIdentifier {
    /// Whether `id` stands for the image: a prefix of its name, or of the hex part of the digest that the name is.
    static func matches(_ id: String, image: String) -> Bool {
        if image.hasPrefix(id) { return true }
        guard let hex = Digest(image)?.hex else { return false }
        return hex.hasPrefix(id)
    }

    /// The distinct images of a stream's history that an id stands for, sorted.
    static func images(matching id: String, in stream: ImageStream) -> [String] {
        var found = Set<String>()
        for entry in stream.status.tags {
            for event in entry.items where !event.image.isEmpty && matches(id, image: event.image) {
                found.insert(event.image)
            }
        }
        return found.sorted(by: Exactly.precedes)
    }
}
