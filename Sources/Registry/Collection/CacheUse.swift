import OCI

/// The blobs that are kept because somebody pulled them (spec/registry.md PT-20). Pure.
struct CacheUse: Sendable {
    struct Blob: Hashable, Sendable {
        /// Bytes.
        var size: Int64
        /// When it was pulled last; milliseconds since 1970.
        var last: Int64
    }

    private var blobs: [Digest: Blob] = [:]
    private var namespaces: [String: Set<Digest>] = [:]

    mutating func add(_ digest: Digest, _ blob: Blob, in namespace: String) {
        blobs[digest] = blob
        namespaces[namespace, default: []].insert(digest)
    }

    /// From when on what was pulled stays, so that the rest fits into the bounds.
    ///
    /// - Parameters:
    ///   - perNamespace: bytes; 0 for no bound.
    ///   - total: likewise.
    ///   - isHeld: whether a blob stays whatever is decided here: it is not counted.
    func cutoffs(perNamespace: Int64, total: Int64, isHeld: (Digest) -> Bool) -> CacheCutoffs {
        var cutoffs = CacheCutoffs()
        // A blob that does not fit even alone goes anyway (`CollectionSettings.exceedsCache`), and pushes out no others.
        let most = [perNamespace, total].filter { $0 > 0 }.min() ?? Int64.max
        let blobs = self.blobs.filter { $0.value.size <= most && !isHeld($0.key) }
        var kept = Set(blobs.keys)
        if perNamespace > 0 {
            kept = []
            for (namespace, digests) in namespaces {
                let own = digests.filter { blobs[$0] != nil }
                let cutoff = Self.cutoff(own.compactMap { blobs[$0] }, within: perNamespace)
                cutoffs.namespaces[namespace] = cutoff
                kept.formUnion(own.filter { (blobs[$0]?.last ?? .min) >= cutoff })
            }
        }
        if total > 0 { cutoffs.general = Self.cutoff(kept.compactMap { blobs[$0] }, within: total) }
        return cutoffs
    }

    /// - Returns: `Int64.min` where all fit.
    private static func cutoff(_ blobs: [Blob], within bound: Int64) -> Int64 {
        var sum: Int64 = 0
        for blob in blobs.sorted(by: { $0.last > $1.last }) {
            let (next, isTooMuch) = sum.addingReportingOverflow(max(0, blob.size))
            if isTooMuch || next > bound { return blob.last + 1 }
            sum = next
        }
        return .min
    }
}

/// What was pulled before is not kept; milliseconds since 1970.
struct CacheCutoffs: Hashable, Sendable {
    var general = Int64.min
    var namespaces: [String: Int64] = [:]

    func of(_ namespace: String) -> Int64 { max(general, namespaces[namespace] ?? .min) }

    /// What was pulled from then on is kept in all namespaces.
    var latest: Int64 { max(general, namespaces.values.max() ?? .min) }
}
