/// A resource that knows how many objects it has.
protocol CountedResource: Resource {
    var objectCount: Int { get }
    /// The resource version up to which reads see all changes.
    var cacheRevision: Int64 { get }
}

extension StoredResource: CountedResource {
    var objectCount: Int { objects.cache.count }
    var cacheRevision: Int64 { objects.cache.revision }
}

/// How many objects are stored, and how current the caches are.
struct ObjectMetrics: MetricSource {
    private let resources: [any CountedResource]

    init(_ resources: [any Resource]) { self.resources = resources.compactMap { $0 as? any CountedResource } }

    func write(to text: inout Exposition) {
        func labels(_ resource: any CountedResource) -> [(name: String, value: String)] {
            [("group", resource.descriptor.groupVersion.group), ("resource", resource.descriptor.name)]
        }
        text.begin("apiserver_resource_objects", .gauge, help: "Stored objects by resource.")
        for resource in resources { text.sample(labels(resource), resource.objectCount) }
        text.begin("apiserver_storage_objects", .gauge, help: "Stored objects by resource, under their older name.")
        for resource in resources {
            text.sample([("resource", "\(resource.descriptor.groupResource)")], resource.objectCount)
        }
        text.begin(
            "apiserver_watch_cache_resource_version", .gauge, help: "The resource version that reads are answered at.")
        for resource in resources { text.sample(labels(resource), Int(resource.cacheRevision)) }
    }
}
