import APIServer
import OCI

/// Where a path below `/v2/` and beside it leads (spec/registry.md 1.2). Pure.
public enum RegistryRoute: Hashable, Sendable {
    case base
    case catalog
    case manifest(RepositoryPath, ManifestName)
    case uploads(RepositoryPath)
    case upload(RepositoryPath, id: String)
    case blob(RepositoryPath, Digest)
    case tags(RepositoryPath)
    case referrers(RepositoryPath, subject: String)
    /// What there is beyond the standard; of the registry or of one repository.
    case extensions(RepositoryPath?)
    case signatures(RepositoryPath, Digest)
    case metrics
    case token
    case prunedBlob(Digest)
    case health

    /// Whether a path is the registry's on a listener that it shares with the API.
    public static func owns(_ path: String) -> Bool {
        path == "/v2" || path.hasPrefix("/v2/") || path.hasPrefix(Self.extensionPrefix)
            || path.hasPrefix(Self.adminBlobs)
            || path == Self.tokenPath
    }

    static let tokenPath = "/openshift/token"
    private static let extensionPrefix = "/extensions/v2/"
    private static let adminBlobs = "/admin/blobs/"

    /// - Parameters:
    ///   - path: as sent. Escapes are decoded once; an escaped slash stays no slash.
    ///   - nested: what becomes of long names.
    /// - Throws: 404 for what is no route, 400 for names and digests that are none.
    public init(path: String, nested: NestedNames = .refuse) throws(RegistryError) {
        let segments = try Self.segments(path)
        switch segments.first {
        case "v2": self = try Self.distribution(Array(segments.dropFirst()), nested)
        case "extensions": self = try Self.extensions(segments, nested)
        case "admin":
            guard segments.count == 3, segments[1] == "blobs" else { throw Self.unknown }
            self = .prunedBlob(try Digest(supported: segments[2]))
        case "openshift":
            guard path == Self.tokenPath else { throw Self.unknown }
            self = .token
        case "" where segments.count == 1, "healthz" where segments.count == 1:
            self = .health
        default: throw Self.unknown
        }
    }

    private static let unknown = RegistryError(404, .unsupported, "there is nothing at this path")

    /// The decoded segments, without the empty one in front.
    private static func segments(_ path: String) throws(RegistryError) -> [String] {
        guard path.hasPrefix("/") else { throw unknown }
        var segments: [String] = []
        for raw in path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            let segment = PercentEncoding.decode(raw)
            guard !segment.utf8.contains(UInt8(ascii: "/")), segment != ".", segment != ".." else {
                throw .invalidName(String(Substring(raw)), "an escaped slash or a step to another directory is in it")
            }
            segments.append(segment)
        }
        return segments
    }

    /// Read from the right, because a repository may be called `blobs` or `tags`.
    private static func distribution(
        _ segments: [String], _ nested: NestedNames
    ) throws(RegistryError) -> RegistryRoute {
        let count = segments.count
        switch segments {
        case [], [""]: return .base
        case ["_catalog"]: return .catalog
        case ["_oci", "ext", "discover"]: return .extensions(nil)
        default: break
        }
        func name(_ length: Int) throws(RegistryError) -> RepositoryPath {
            try RepositoryPath(
                parsing: segments.prefix(max(0, count - length)).joined(separator: "/"), nested: nested)
        }
        if count > 3, segments.suffix(3) == ["_oci", "ext", "discover"] { return .extensions(try name(3)) }
        if count > 3, segments[count - 3] == "blobs", segments[count - 2] == "uploads" {
            let id = segments[count - 1]
            return id.isEmpty ? .uploads(try name(3)) : .upload(try name(3), id: id)
        }
        guard count > 2 else { throw stranger(segments) }
        let last = segments[count - 1]
        switch segments[count - 2] {
        case "blobs" where last == "uploads": return .uploads(try name(2))
        case "blobs": return .blob(try name(2), try Digest(supported: last))
        case "manifests": return .manifest(try name(2), try ManifestName(parsing: last))
        case "tags" where last == "list": return .tags(try name(2))
        case "referrers": return .referrers(try name(2), subject: last)
        default: throw stranger(segments)
        }
    }

    /// A path that matches no route; it may begin with a repository or not (C-4).
    private static func stranger(_ segments: [String]) -> RegistryError {
        do { _ = try RepositoryPath(parsing: segments.prefix(2).joined(separator: "/")) } catch {
            var error = error
            error.status = 404
            return error
        }
        return unknown
    }

    private static func extensions(
        _ segments: [String], _ nested: NestedNames
    ) throws(RegistryError) -> RegistryRoute {
        guard segments.count > 2, segments[1] == "v2" else { throw unknown }
        if segments.count == 3, segments[2] == "metrics" { return .metrics }
        guard segments.count >= 5, segments[segments.count - 2] == "signatures" else { throw unknown }
        let name = try RepositoryPath(
            parsing: segments[2..<(segments.count - 2)].joined(separator: "/"), nested: nested)
        return .signatures(name, try Digest(supported: segments[segments.count - 1]))
    }

    /// The repository that a route is about.
    public var repository: RepositoryPath? {
        switch self {
        case .manifest(let name, _), .uploads(let name), .upload(let name, _), .blob(let name, _), .tags(let name),
            .referrers(let name, _), .signatures(let name, _):
            name
        case .extensions(let name): name
        case .base, .catalog, .metrics, .token, .prunedBlob, .health: nil
        }
    }

    /// The methods that the route knows.
    public var methods: [String] {
        switch self {
        case .base, .catalog, .tags, .referrers, .extensions, .metrics, .health: ["GET", "HEAD"]
        case .manifest: ["GET", "HEAD", "PUT", "DELETE"]
        case .uploads: ["POST"]
        case .upload: ["GET", "HEAD", "PATCH", "PUT", "DELETE"]
        case .blob: ["GET", "HEAD", "DELETE"]
        case .signatures: ["GET", "HEAD", "PUT"]
        case .token: ["GET", "HEAD", "POST"]
        case .prunedBlob: ["DELETE"]
        }
    }
}
