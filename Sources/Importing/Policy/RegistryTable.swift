public import OCI

/// What the configuration of a cluster says of registries: mirrors, blocked and insecure ones
/// (spec/import-and-controllers.md A.9, spec/registry.md 4.5). Pure.
///
/// A scope is a host, `host:port`, either with a path, or `*.domain` for all hosts below a domain with any port and path;
/// it covers the repositories it names and those below it.
public struct RegistryTable: Hashable, Sendable {
    /// What mirrors of a source serve.
    public enum References: Hashable, Sendable {
        case digests, tags
    }

    private struct Mirrors: Hashable {
        /// As the entries give them, each in the order that must hold.
        var lists: [References: [[String]]] = [:]
        var isNeverContacted = false
    }

    private var mirrors: [String: Mirrors] = [:]
    private var insecure: Set<String> = []
    private var blocked: Set<String> = []

    public init() {}

    // MARK: Making

    /// Mirrors are tried before the source, in their order.
    /// - Parameter neverContactSource: nothing is fetched from the source itself.
    public mutating func addMirrors(
        _ locations: [String], of source: String, serving references: References, neverContactSource: Bool = false
    ) {
        guard locations.contains(where: { $0 != source }) || neverContactSource else { return }
        mirrors[source, default: Mirrors()].lists[references, default: []].append(locations)
        if neverContactSource { mirrors[source]?.isNeverContacted = true }
    }

    /// Certificates of the scope need not be good.
    public mutating func addInsecure(_ scope: String) { insecure.insert(scope) }
    /// Nothing is fetched from the scope.
    public mutating func addBlocked(_ scope: String) { blocked.insert(scope) }

    // MARK: Asking

    /// Where a manifest or what belongs to it may be had: mirrors in their order, the source last unless it is never to be
    /// contacted.
    public func sources(of reference: RemoteReference) -> [RemoteReference] {
        let repository = reference.repository
        guard let source = mirroredSource(of: repository), let rules = mirrors[source] else {
            return isBlocked(repository) ? [] : [reference]
        }
        let lists =
            switch reference.selector {
            case .digest: rules.lists[.digests] ?? []
            case .tag: rules.lists[.tags] ?? []
            }
        var found: [RemoteReference] = []
        for location in Self.merged(lists, source: source) {
            guard let name = Self.moved(repository, from: source, to: location) else {
                // A name that is none: as if there were no mirrors (A.9.5 step 4).
                found = []
                break
            }
            let candidate = RemoteReference(repository: name, selector: reference.selector)
            if candidate != reference, !found.contains(candidate), !covers(blocked, name) { found.append(candidate) }
        }
        if !rules.isNeverContacted, !covers(blocked, repository) { found.append(reference) }
        return found
    }

    /// Whether nothing of a repository may be fetched, from wherever.
    public func isBlocked(_ repository: RepositoryName) -> Bool {
        covers(blocked, repository) && mirroredSource(of: repository) == nil
    }

    /// Whether the certificate of a repository's host need not be good.
    public func isInsecure(_ repository: RepositoryName) -> Bool { covers(insecure, repository) }

    private func covers(_ scopes: Set<String>, _ repository: RepositoryName) -> Bool {
        scopes.contains { Self.covers($0, repository) }
    }

    /// The most exact source with mirrors that a repository belongs to.
    private func mirroredSource(of repository: RepositoryName) -> String? {
        mirrors.keys.filter { Self.covers($0, repository) }.max { left, right in
            let (isLeftWild, isRightWild) = (left.hasPrefix("*."), right.hasPrefix("*."))
            if isLeftWild != isRightWild { return isLeftWild }
            return (left.utf8.count, left) < (right.utf8.count, right)
        }
    }

    static func covers(_ scope: String, _ repository: RepositoryName) -> Bool {
        if scope.hasPrefix("*.") {
            let host = repository.host.prefix { $0 != ":" }
            return host.hasSuffix(scope.dropFirst()) && host.utf8.count > scope.utf8.count - 1
        }
        let name = repository.description
        return name == scope || name.hasPrefix(scope + "/")
    }

    /// The repository's place at a mirror: what stands behind the source in its name is appended.
    private static func moved(_ repository: RepositoryName, from source: String, to location: String) -> RepositoryName?
    {
        let name = repository.description
        let rest = source.hasPrefix("*.") ? "/" + repository.path : String(name.dropFirst(source.utf8.count))
        guard let reference = try? ImageReference(parsing: location + rest), reference.tag.isEmpty,
            reference.id.isEmpty,
            !reference.registry.isEmpty
        else { return nil }
        return try? reference.normalizedRepository()
    }

    /// One list of all: what stands before another in some list does so here, and names come first otherwise. Names that
    /// must stand before each other are taken by name (A.9.2).
    static func merged(_ lists: [[String]], source: String) -> [String] {
        var before: [String: Set<String>] = [source: []]
        for list in lists {
            var previous: String?
            for name in list + [source] {
                before[name, default: []].formUnion(previous.map { $0 == name ? [] : [$0] } ?? [])
                previous = name
            }
        }
        var order: [String] = []
        while !before.isEmpty {
            let free = before.filter { $0.value.isEmpty }.keys
            guard
                let next = (free.isEmpty ? before.keys.filter { $0 != source }.min() : free.min()) ?? before.keys.min()
            else { break }
            before[next] = nil
            for name in before.keys { before[name]?.remove(next) }
            if next != source { order.append(next) }
        }
        return order
    }
}

extension PullPolicy {
    public init(_ table: RegistryTable) {
        self.init(
            pullSources: { table.sources(of: $0) },
            blockedHost: { table.isBlocked($0) ? $0.host : nil },
            isInsecure: { table.isInsecure($0) })
    }
}
