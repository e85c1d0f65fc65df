/// What is to be in a bundle: all streams of a namespace, one stream, or one tag of it.
public struct BundleSelection: Hashable, Sendable {
    /// Nil for all.
    public var namespace: String?
    public var stream: String?
    public var tag: String?

    /// All streams of the server.
    public static let all = BundleSelection(namespace: nil, stream: nil, tag: nil)

    private init(namespace: String?, stream: String?, tag: String?) {
        self.namespace = namespace
        self.stream = stream
        self.tag = tag
    }

    /// Reads `NAMESPACE`, `NAMESPACE/STREAM` or `NAMESPACE/STREAM:TAG`.
    /// - Throws: `.unclear`.
    public init(_ text: String) throws(BundleError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else {
            throw .unclear("\"\(text)\" must be NAMESPACE, NAMESPACE/STREAM or NAMESPACE/STREAM:TAG")
        }
        guard parts.count == 2 else {
            guard !parts[0].contains(":") else { throw .unclear("\"\(text)\" names a tag without a namespace") }
            self.init(namespace: parts[0], stream: nil, tag: nil)
            return
        }
        let names = parts[1].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard names.allSatisfy({ !$0.isEmpty && !$0.contains("@") }) else {
            throw .unclear("\"\(text)\" must be NAMESPACE, NAMESPACE/STREAM or NAMESPACE/STREAM:TAG")
        }
        self.init(namespace: parts[0], stream: names[0], tag: names.count == 2 ? names[1] : nil)
    }
}

/// `os/architecture[/variant]`, of which a bundle is to have images.
public struct BundlePlatform: Hashable, Sendable {
    public var os: String
    public var architecture: String
    /// Empty for any.
    public var variant: String

    /// - Throws: `.unclear`.
    public init(_ text: String) throws(BundleError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else {
            throw .unclear("\"\(text)\" must be OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT")
        }
        (os, architecture, variant) = (parts[0], parts[1], parts.count == 3 ? parts[2] : "")
    }
}
