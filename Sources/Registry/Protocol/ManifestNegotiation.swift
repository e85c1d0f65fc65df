import OCI

/// Which form of a manifest a client gets (spec/registry.md M-6). Pure.
enum ManifestNegotiation: Hashable, Sendable {
    case stored
    /// The manifest for the default platform out of a list, if the client takes its type.
    case child
    case refused(String)

    /// - Parameters:
    ///   - type: of what is stored.
    ///   - accept: values of all `Accept` headers, joined by commas; empty for none.
    ///   - isByTag: what is asked for by its digest is never anything else.
    static func decide(type: String, accept: String, isByTag: Bool) -> ManifestNegotiation {
        guard isByTag, let kind = MediaType.manifestKind(type), kind != .schema1 else { return .stored }
        let accepted = types(in: accept)
        if accepted.isEmpty || !accepted.isDisjoint(with: wildcards) || accepted.contains(type) { return .stored }
        let kinds = accepted.compactMap { MediaType.manifestKind($0) }
        if kind.isIndex, wantsImages(accept) { return .child }
        let isOCI = kind == .ociManifest || kind == .ociIndex
        let noun = kind.isIndex ? (isOCI ? "index" : "manifest list") : "manifest"
        let plural = kind.isIndex ? (isOCI ? "indexes" : "manifest lists") : "manifests"
        let family = isOCI ? "OCI" : "Docker"
        let knowsFamily = kinds.contains { ($0 == .ociManifest || $0 == .ociIndex) == isOCI && $0 != .schema1 }
        if knowsFamily { return .stored }
        if kinds.isEmpty { return .stored }
        return .refused("\(family) \(noun) found, but accept header does not support \(family) \(plural)")
    }

    /// Whether a client takes images and no lists of them.
    static func wantsImages(_ accept: String) -> Bool {
        let accepted = types(in: accept)
        let kinds = accepted.compactMap { MediaType.manifestKind($0) }
        return accepted.isDisjoint(with: wildcards) && kinds.contains { !$0.isIndex && $0 != .schema1 }
            && !kinds.contains(where: \.isIndex)
    }

    private static let wildcards: Set = ["*/*", "application/*", "application/json"]

    /// Without those that are ruled out by `q=0`.
    static func types(in accept: String) -> Set<String> {
        var types: Set<String> = []
        for clause in accept.split(separator: ",") {
            let parts = clause.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
            guard let type = parts.first, !type.isEmpty else { continue }
            let isRuledOut = parts.dropFirst().contains { part in
                part.hasPrefix("q=") && Double(part.dropFirst(2)) == 0
            }
            if !isRuledOut { types.insert(type) }
        }
        return types
    }
}
