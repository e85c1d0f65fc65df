import OCI

/// Where the ledger keeps its rows, beside the objects of the API.
public enum LedgerKeys {
    public static let histories = "/weir.dev/taghistories/"
    public static let imageReferences = "/weir.dev/references/images/"
    public static let imageRenewals = "/weir.dev/references/renewals/"
    public static let blobReferences = "/weir.dev/references/blobs/"
    public static let outbox = "/weir.dev/outbox/"
    public static let repositories = "/weir.dev/registry/repositories/"

    /// A tag as the end of a key.
    public static func path(namespace: String, stream: String, tag: String) -> String {
        "\(segment(namespace))/\(segment(stream))/\(segment(tag))"
    }

    /// One entry of the history of a tag; the ids of one tag are in the order of time.
    public static func history(namespace: String, stream: String, tag: String, id: String) -> String {
        historyPrefix(namespace: namespace, stream: stream, tag: tag) + id
    }

    public static func historyPrefix(namespace: String, stream: String, tag: String) -> String {
        "\(histories)\(path(namespace: namespace, stream: stream, tag: tag))/"
    }

    /// Says that some event of the stream names the image.
    public static func reference(image: String, namespace: String, stream: String) -> String {
        referencePrefix(image: image) + "\(segment(namespace))/\(segment(stream))"
    }

    /// Says that an event of the stream named an image which another one named already.
    public static func renewal(image: String, namespace: String, stream: String) -> String {
        "\(imageRenewals)\(segment(image))/\(segment(namespace))/\(segment(stream))"
    }

    public static func referencePrefix(image: String) -> String { "\(imageReferences)\(segment(image))/" }

    /// Says which blobs an image is made of.
    public static func blobs(image: String) -> String { blobReferences + segment(image) }

    /// Names the present incarnation of a repository of the registry. It goes with the stream, and all that the
    /// repository linked with it.
    public static func repository(namespace: String, stream: String) -> String {
        "\(repositories(in: namespace))\(segment(stream))"
    }

    /// Begins the keys of all repositories of a namespace.
    public static func repositories(in namespace: String) -> String { "\(repositories)\(segment(namespace))/" }

    public static func outboxEntry(_ id: String) -> String { outbox + id }

    /// A name as one segment of a key. Tag names may be any text, even empty or with slashes.
    static func segment(_ name: String) -> String {
        if name.isEmpty { return "%" }
        guard name.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "%") }) || name.utf8.count > 512
        else { return name }
        var text = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "/": text += "%2F"
            case "%": text += "%25"
            default: text.unicodeScalars.append(scalar)
            }
        }
        // Keys are limited; what is cut stays distinct by its hash.
        guard text.utf8.count > 512 else { return text }
        return String(text.unicodeScalars.prefix(100)) + "%" + Digest.sha256(of: Array(name.utf8)).hex
    }
}
