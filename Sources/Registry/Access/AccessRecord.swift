import APIServer
import ImageStreams

/// What a registry request wants to do, as clients and token servers write it (spec/registry.md Z-1).
enum AccessRecord: Hashable, Sendable {
    enum RepositoryAction: String, Sendable {
        case pull, push, delete
    }

    case repository(RepositoryPath, RepositoryAction)
    case tagDeletion(RepositoryPath, tag: String)
    case catalog
    case readSignatures(RepositoryPath)
    case writeSignatures(RepositoryPath)
    case metrics
    case prune

    /// The permissions of which one suffices (Z-2, Z-3).
    var permissions: [AccessAttributes] {
        func stream(_ verb: String, _ path: RepositoryPath, _ subresource: String = "layers") -> AccessAttributes {
            AccessAttributes(
                verb: verb, group: ImageStreamsGroup.name, resource: "imagestreams", subresource: subresource,
                namespace: path.namespace, name: path.stream)
        }
        let prune = AccessAttributes(verb: "delete", group: ImageStreamsGroup.name, resource: "images")
        switch self {
        case .repository(let path, .pull), .readSignatures(let path): return [stream("get", path)]
        case .repository(let path, .push): return [stream("update", path)]
        case .repository(let path, .delete): return [stream("delete", path), prune]
        case .tagDeletion(let path, let tag):
            let delete = AccessAttributes(
                verb: "delete", group: ImageStreamsGroup.name, resource: "imagestreamtags",
                namespace: path.namespace, name: "\(path.stream):\(tag)")
            return [delete, stream("delete", path), prune]
        case .catalog: return [AccessAttributes(verb: "list", group: ImageStreamsGroup.name, resource: "imagestreams")]
        case .writeSignatures(let path):
            return [
                AccessAttributes(
                    verb: "create", group: ImageStreamsGroup.name, resource: "imagesignatures",
                    namespace: path.namespace, name: path.stream)
            ]
        case .metrics:
            return [
                AccessAttributes(
                    verb: "get", group: ImageStreamsGroup.name, resource: "registry", subresource: "metrics")
            ]
        case .prune: return [prune]
        }
    }

    /// The scope that a client is told to ask a token for (I-2); nil for what no scope stands for.
    var scope: (resource: String, action: String)? {
        switch self {
        case .repository(let path, let action): ("repository:\(path.name)", action.rawValue)
        case .tagDeletion(let path, _): ("repository:\(path.name)", RepositoryAction.delete.rawValue)
        case .readSignatures(let path): ("signature:\(path.name)", "get")
        case .writeSignatures(let path): ("signature:\(path.name)", "put")
        case .catalog: ("registry:catalog", "*")
        case .metrics, .prune: nil
        }
    }
}

extension RegistryRoute {
    /// What a request of this route wants to do, in the order in which it is asked for.
    func records(method: String) -> [AccessRecord] {
        switch self {
        case .base, .token, .health: return []
        case .catalog, .extensions(nil): return []
        case .metrics: return [.metrics]
        case .prunedBlob: return [.prune]
        case .signatures(let path, _): return [method == "PUT" ? .writeSignatures(path) : .readSignatures(path)]
        case .manifest(let path, .tag(let tag)) where method == "DELETE": return [.tagDeletion(path, tag: tag)]
        case .upload(let path, _) where ["DELETE", "GET", "HEAD"].contains(method):
            // Sessions mean something to those who push, and to nobody else.
            return [.repository(path, .push)]
        case .manifest(let path, _), .uploads(let path), .upload(let path, _), .blob(let path, _), .tags(let path),
            .referrers(let path, _), .extensions(.some(let path)):
            switch method {
            case "GET", "HEAD": return [.repository(path, .pull)]
            case "DELETE": return [.repository(path, .delete)]
            default: return [.repository(path, .pull), .repository(path, .push)]
            }
        }
    }
}
