import APIMachinery
import ImageAPI
import OCI

/// What a run has found so far. Bounded, however much there is.
struct CollectionFindings: Sendable {
    /// What became of a blob that goes.
    enum State: String, Sendable {
        case condemned = "Condemned"
        case swept = "Swept"
        case orphan = "Orphan"
    }

    var status = BlobCollectionStatus()
    private var namespaces: [String: BlobCollectionNamespace] = [:]
    private var largest: [BlobCollectionCandidate] = []

    /// Namespaces that are shown, and remembered at most.
    static let shownNamespaces = 50
    static let maximumNamespaces = 20_000
    /// Blobs that are shown.
    static let shownCandidates = 50

    /// Whether anything was changed, or would have been.
    var isEmpty: Bool {
        status.condemned.blobs + status.swept.blobs + status.orphans.blobs + status.restored.blobs == 0
            && status.manifests + status.links + status.deadRows + status.uploads == 0
    }

    mutating func link(_ bytes: Int64, in namespace: String) {
        change(namespace) { $0.linked.add(bytes) }
    }

    /// Notes a blob that goes.
    /// - Parameter repository: where it was pushed last, if that is known.
    mutating func note(
        _ state: State, _ digest: Digest, bytes: Int64, repository: RepositoryPath?, message: String
    ) {
        switch state {
        case .condemned: status.condemned.add(bytes)
        case .swept: status.swept.add(bytes)
        case .orphan: status.orphans.add(bytes)
        }
        if let namespace = repository?.namespace {
            change(namespace) { state == .condemned ? $0.condemned.add(bytes) : $0.swept.add(bytes) }
        }
        if largest.count == Self.shownCandidates, let last = largest.last, last.bytes >= bytes { return }
        let place = largest.firstIndex { $0.bytes < bytes } ?? largest.count
        largest.insert(
            BlobCollectionCandidate(
                digest: digest.description, bytes: bytes, state: state.rawValue, message: message), at: place)
        if largest.count > Self.shownCandidates { largest.removeLast() }
    }

    private mutating func change(_ namespace: String, _ body: (inout BlobCollectionNamespace) -> Void) {
        guard namespaces[namespace] != nil || namespaces.count < Self.maximumNamespaces else { return }
        body(&namespaces[namespace, default: BlobCollectionNamespace(name: namespace)])
    }

    /// With the namespaces and blobs that matter most.
    var complete: BlobCollectionStatus {
        var status = status
        status.candidates = largest
        status.namespaces = Array(
            namespaces.values.sorted { left, right in
                let (first, second) = (left.weight, right.weight)
                return first == second ? left.name < right.name : first > second
            }.prefix(Self.shownNamespaces))
        return status
    }
}

extension BlobCollectionNamespace {
    fileprivate var weight: Int64 { max(linked.bytes, max(condemned.bytes, swept.bytes)) }
}

extension BlobCollectionAmount {
    mutating func add(_ size: Int64) {
        blobs += 1
        let (sum, isTooLarge) = bytes.addingReportingOverflow(max(0, size))
        bytes = isTooLarge ? .max : sum
    }
}
