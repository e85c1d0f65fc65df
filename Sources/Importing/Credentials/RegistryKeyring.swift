public import OCI
public import RegistryClient

/// The credentials of several docker configurations, found by the place they are for
/// (`spec/import-and-controllers.md` A.10).
///
/// No credential is ever given for a host that its own location does not name: paths end at a `/`, and nothing but
/// Docker Hub's own names counts as Docker Hub.
public struct RegistryKeyring: CredentialSource {
    /// By location, in descending order of the bytes of their keys: the more specific of two with the same beginning
    /// comes first.
    private let entries: [(location: RegistryLocation, credentials: [Credentials])]
    /// Those that come after all of these, whatever their places.
    private var others: [RegistryKeyring] = []
    /// What Docker Hub is called in files that docker itself wrote.
    private static let dockerHub = "index.docker.io"

    /// - Parameter configurations: in the order in which credentials of the same location are tried.
    public init(_ configurations: [DockerConfiguration]) {
        var order: [RegistryLocation] = []
        var known: [RegistryLocation: [Credentials]] = [:]
        for (location, credentials) in configurations.flatMap(\.entries) {
            if known[location] == nil { order.append(location) }
            if known[location]?.contains(credentials) != true { known[location, default: []].append(credentials) }
        }
        entries = order.map { ($0, known[$0] ?? []) }.sorted { left, right in
            right.0.key.utf8.lexicographicallyPrecedes(left.0.key.utf8)
        }
    }

    public var isEmpty: Bool { entries.isEmpty && others.allSatisfy(\.isEmpty) }

    /// These, and after them those of another one (A.10.5: the namespace's come before the node's).
    public func followed(by other: RegistryKeyring) -> RegistryKeyring {
        if other.isEmpty { return self }
        var both = self
        both.others.append(other)
        return both
    }

    public func credentials(for repository: RepositoryName) -> [Credentials] {
        var found = entries.filter { $0.location.covers(repository) }
        if found.isEmpty, repository.host == "docker.io" || repository.host == Self.dockerHub {
            found = entries.filter { $0.location.key == Self.dockerHub }
        }
        var seen: Set<Credentials> = []
        let all = found.flatMap(\.credentials) + others.flatMap { $0.credentials(for: repository) }
        return all.filter { seen.insert($0).inserted }
    }
}
