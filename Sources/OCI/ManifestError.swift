/// Why some bytes are no usable manifest or image config.
public struct ManifestError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// No JSON, or JSON of another shape.
        case malformed
        /// The media type inside contradicts the announced one, or the members do (A.15).
        case mismatch
        /// Nothing that is known here.
        case unsupported
        /// A bound of `ManifestLimits` is exceeded.
        case tooLarge
    }

    public let kind: Kind
    /// What clients see, behind the reference.
    public let text: String

    public init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }

    public var description: String { text }
}

/// Bounds on what comes from outside; whatever is beyond is refused, not cut.
public struct ManifestLimits: Hashable, Sendable {
    /// Bytes of a manifest.
    public var bytes = 4 << 20
    /// Layers of an image, history entries included.
    public var layers = 4096
    /// Manifests in a list.
    public var children = 1024

    public static let standard = ManifestLimits()

    /// For manifests that came in an object of the API, whose size bounds them already: what was let in can be read.
    public static let stored = {
        var limits = ManifestLimits()
        limits.layers = limits.bytes
        limits.children = limits.bytes
        return limits
    }()

    public init() {}
}
