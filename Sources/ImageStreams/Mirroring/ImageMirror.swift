/// Brings images of streams into local storage. The other side of this seam is the registry.
public protocol ImageMirror: Sendable {
    /// Copies what is not here of an image, of the images that it lists, and of their blobs. What is being fetched for
    /// somebody else is waited for, and not fetched twice.
    ///
    /// - Returns: what had to be copied; nothing where all is here, or the stream has no such image any more.
    func copy(_ image: String, of stream: String, in namespace: String) async throws(MirrorFailure) -> MirroredContent
}

/// What was copied.
public struct MirroredContent: Sendable, Equatable {
    /// Manifests and blobs.
    public var items = 0
    /// Of the blobs.
    public var bytes: Int64 = 0

    public init(items: Int = 0, bytes: Int64 = 0) {
        self.items = items
        self.bytes = bytes
    }
}

/// Why an image could not be copied. What was copied before stays.
public struct MirrorFailure: Error, Sendable, CustomStringConvertible {
    /// For people who may see the stream: no secrets.
    public var description: String
    /// When the registry wants to be asked again; nil where it does not say.
    public var retryAfter: Duration?
    /// Nothing failed: nothing may be written for now.
    public private(set) var isPause = false

    public static let pause = {
        var failure = MirrorFailure("the registry is read-only")
        failure.isPause = true
        return failure
    }()

    public init(_ description: String, retryAfter: Duration? = nil) {
        self.description = description
        self.retryAfter = retryAfter
    }
}
