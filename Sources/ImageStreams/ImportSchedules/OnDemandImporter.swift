/// An image that somebody wants to pull from a stream that does not have it.
public struct ImportWish: Hashable, Sendable {
    /// The pull spec.
    public var source: String
    public var tag: String
    public var stream: String
    public var namespace: String
    /// Of the stream, where it has to be made.
    public var annotations: [String: String]

    public init(source: String, tag: String, stream: String, namespace: String, annotations: [String: String]) {
        self.source = source
        self.tag = tag
        self.stream = stream
        self.namespace = namespace
        self.annotations = annotations
    }
}

/// Imports images while somebody waits to pull them (spec/registry.md PT-28).
public protocol OnDemandImporter: Sendable {
    /// Imports an image, if its source has it, and makes the stream and the tag for it. Who wants the same meanwhile waits
    /// for the same import. Takes no longer than a pull may wait; whether it came is to be seen in the stream.
    func bring(_ wish: ImportWish) async
}
