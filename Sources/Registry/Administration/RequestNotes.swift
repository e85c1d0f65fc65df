import APIMachinery
import APIServer
import Synchronization

/// What becomes known of a request while it is answered, for the audit log (spec/registry.md 8.4 I-6). A class because
/// it is filled in where nothing is returned.
final class RequestNotes: Sendable {
    private struct State {
        var user: UserInfo?
        var route: RegistryRoute?
        var failure: (reason: String, message: String)?
    }

    private let received: MicroTime
    private let state = Mutex(State())

    init(received: MicroTime) { self.received = received }

    func began(_ route: RegistryRoute) { state.withLock { $0.route = route } }
    func authenticated(_ user: UserInfo) { state.withLock { $0.user = user } }

    func failed(_ error: RegistryError) {
        guard let entry = error.entries.first else { return }
        state.withLock { $0.failure = (entry.code.rawValue, entry.message) }
    }

    /// What was asked for, as dashboards call it; nil before that is known.
    func service(of method: String) -> String? { state.withLock { $0.route }?.service(of: method) }

    private static let prefix = "registry.weir.dev/"
    static let bytesKey = prefix + "bytes"

    /// - Parameter bodyLength: of the request, as announced.
    func note(_ request: ServerRequest, id: String) -> Auditor.ForeignRequest {
        let state = state.withLock { $0 }
        var note = Auditor.ForeignRequest(id: id, request: request, received: received)
        note.user = state.user
        note.failure = state.failure
        guard let route = state.route else { return note }
        note.annotations[Self.prefix + "operation"] = route.operation(method: request.method)
        if let digest = route.digest { note.annotations[Self.prefix + "digest"] = digest }
        if let tag = route.tag { note.annotations[Self.prefix + "tag"] = tag }
        if request.method == "PUT" || request.method == "PATCH" || request.method == "POST",
            let length = request.body.announcedLength
        {
            note.annotations[Self.bytesKey] = String(length)
        }
        if let path = route.repository {
            if path.nested != nil { note.annotations[Self.prefix + "repository"] = path.name }
            note.object = AuditEvent.ObjectReference(
                resource: "imagestreams", namespace: path.namespace, name: path.stream,
                apiGroup: "image.openshift.io", apiVersion: "v1", subresource: "layers")
        }
        return note
    }
}

extension RegistryRoute {
    fileprivate var digest: String? {
        switch self {
        case .blob(_, let digest), .signatures(_, let digest), .prunedBlob(let digest): digest.description
        case .manifest(_, .digest(let digest)): digest.description
        case .referrers(_, let subject): subject
        default: nil
        }
    }

    fileprivate var tag: String? {
        if case .manifest(_, .tag(let tag)) = self { tag } else { nil }
    }

    /// In a word for people: `manifest.get`, `blob.delete`, `upload.append`.
    fileprivate func operation(method: String) -> String {
        let verb =
            switch method {
            case "GET", "HEAD", "DELETE": method.lowercased()
            case "PATCH": "append"
            case "POST": "begin"
            default: if case .upload = self { "finish" } else { "put" }
            }
        return "\(noun).\(verb)"
    }

    /// The service of the registry and what it does, by the reference's names (spec/registry.md Q-3). Nil for what it does
    /// not count.
    fileprivate func service(of method: String) -> String? {
        switch (self, method) {
        case (.manifest(_, .tag), "GET"), (.manifest(_, .tag), "HEAD"): "TagService.Get"
        case (.manifest(_, .tag), "DELETE"): "TagService.Untag"
        case (.manifest, "GET"): "ManifestService.Get"
        case (.manifest, "HEAD"): "ManifestService.Exists"
        case (.manifest, "PUT"): "ManifestService.Put"
        case (.manifest, "DELETE"): "ManifestService.Delete"
        case (.tags, _): "TagService.All"
        case (.blob, "GET"): "BlobStore.ServeBlob"
        case (.blob, "HEAD"): "BlobStore.Stat"
        case (.blob, "DELETE"), (.prunedBlob, "DELETE"): "BlobStore.Delete"
        case (.uploads, "POST"): "BlobStore.Create"
        case (.upload, "PUT"): "BlobStore.Commit"
        case (.upload, _): "BlobStore.Resume"
        case (.referrers, _): "ReferrersService.Get"
        default: nil
        }
    }

    private var noun: String {
        switch self {
        case .base: "registry"
        case .catalog: "catalog"
        case .manifest: "manifest"
        case .uploads, .upload: "upload"
        case .blob, .prunedBlob: "blob"
        case .tags: "tags"
        case .referrers: "referrers"
        case .extensions: "extensions"
        case .signatures: "signature"
        case .metrics: "metrics"
        case .token: "token"
        case .health: "health"
        }
    }
}
