/// What the machinery must know of a namespace before it creates an object in it (spec/api-machinery.md 3.11).
public enum NamespaceState: Sendable, Hashable {
    case absent
    case active
    case terminating
}

/// Answers for namespaces. One of the seams between stand-alone and aggregated mode.
public protocol NamespaceLookup: Sendable {
    func state(of namespace: String) async throws -> NamespaceState
    /// Tells a namespace from an earlier one of the same name; nil where there is none.
    func uid(of namespace: String) async throws -> String?
    /// What is noted on a namespace; nothing where there is none.
    func annotations(of namespace: String) async throws -> [String: String]
}
