import APIMachinery
import APIServer
import Store

/// The workloads that somebody reports to a server of stand-alone mode (docs/workloads.md): lists that are empty where
/// nobody does.
///
/// Not in the category `all`: each resource there costs one request of every `kubectl get all`.
public struct Workloads: Sendable {
    public let resources: [any Resource]
    /// What a namespace that goes takes with it.
    public let contents: [NamespaceCleaner.Content]
    private typealias Images = @Sendable (RequestContext, inout Set<WorkloadImage>) async throws -> Void
    private let images: [Images]

    /// Registers the caches: before the store starts.
    public init(store: Store, namespaces: any NamespaceLookup) {
        var resources: [any Resource] = []
        var contents: [NamespaceCleaner.Content] = []
        var images: [Images] = []
        func add<Object: Workload>(_ type: Object.Type, _ name: String, _ shortNames: String...) {
            let kind = Object.groupVersionKind
            let objects = ObjectStore(
                kind: ObjectKind<Object>(
                    descriptor: ResourceDescriptor(
                        groupVersion: kind.groupVersion, name: name, kind: kind, isNamespaced: true,
                        shortNames: shortNames, isStored: true),
                    keyPrefix: "/\(kind.group.isEmpty ? "core" : kind.group)/\(name)/",
                    contents: .recent(bytes: 8 << 20)),
                store: store, namespaces: namespaces)
            resources.append(StoredResource(objects, strategy: WorkloadStrategy<Object>()))
            contents.append(NamespaceCleaner.content(of: objects))
            images.append { context, found in
                let list = try await objects.list(ListOptions(), context)
                for output in list.items { try output.object().forEachImage { found.insert($0) } }
                guard let rest = list.rest else { return }
                for try await page in rest {
                    for output in page { try output.object().forEachImage { found.insert($0) } }
                }
            }
        }
        add(Pod.self, "pods", "po")
        add(ReplicationController.self, "replicationcontrollers", "rc")
        add(Deployment.self, "deployments", "deploy")
        add(DaemonSet.self, "daemonsets", "ds")
        add(ReplicaSet.self, "replicasets", "rs")
        add(StatefulSet.self, "statefulsets", "sts")
        add(Job.self, "jobs")
        add(CronJob.self, "cronjobs", "cj")
        self.resources = resources
        self.contents = contents
        self.images = images
    }

    /// The images that reported workloads name, each once. Reads all workloads, some at a time.
    /// - Throws: `APIError` where one of them does not decode.
    public func namedImages(_ context: RequestContext) async throws -> Set<WorkloadImage> {
        var found = Set<WorkloadImage>()
        for read in images { try await read(context, &found) }
        return found
    }
}
