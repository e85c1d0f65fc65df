import APIServer
import OCI

/// Another registry, or a part of it, for which this one answers (spec/registry.md PT-28): what clients ask for with
/// `ns=HOST` is in the streams of a namespace. Pure.
public struct MirroredHost: Hashable, Sendable {
    public var host: String
    /// The first parts of the names that are meant; they are no part of the names of streams.
    public var prefix: [String]
    public var namespace: String

    /// Reads `HOST[/PREFIX]=NAMESPACE`.
    public init?(_ text: String) {
        let sides = text.split(separator: "=", omittingEmptySubsequences: false)
        guard sides.count == 2 else { return nil }
        let parts = sides[0].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let (host, prefix, namespace) = (parts[0], Array(parts.dropFirst()), String(sides[1]))
        guard let reference = try? ImageReference(parsing: "\(host)/\((prefix + ["x"]).joined(separator: "/")):x"),
            reference.registry == host, (try? RepositoryPath(parsing: "\(namespace)/x")) != nil
        else { return nil }
        (self.host, self.prefix, self.namespace) = (host, prefix, namespace)
    }
}

/// A request for what is in another registry, as it is to be answered here.
struct MirroredRequest: Hashable, Sendable {
    var host: String
    /// `HOST/NAME` of the repository there.
    var source: String
    /// The path of the request with the name here.
    var path: String

    /// - Returns: nil for a request that is about this registry itself. The longest prefix counts.
    init?(_ request: ServerRequest, _ hosts: [MirroredHost]) {
        guard !hosts.isEmpty, request.method == "GET" || request.method == "HEAD",
            let host = QueryParameters(request.query)["ns"]
        else { return nil }
        self.init(path: request.path, host: host, hosts)
    }

    init?(path: String, host: String, _ hosts: [MirroredHost]) {
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        // "", "v2", the name, what is asked for, a tag or a digest.
        guard segments.count >= 5, segments[0].isEmpty, segments[1] == "v2",
            ["manifests", "blobs", "referrers"].contains(segments[segments.count - 2])
        else { return nil }
        let name = Array(segments[2..<(segments.count - 2)])
        let best = hosts.filter { $0.host == host && name.count > $0.prefix.count && name.starts(with: $0.prefix) }
            .max { $0.prefix.count < $1.prefix.count }
        guard let best else { return nil }
        self.host = host
        source = ([host] + name).joined(separator: "/")
        let here = [best.namespace] + name.dropFirst(best.prefix.count)
        self.path = (["", "v2"] + here + segments.suffix(2)).joined(separator: "/")
    }
}
