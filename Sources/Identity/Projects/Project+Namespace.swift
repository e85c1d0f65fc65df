import APIMachinery

/// A project is a view on a namespace (spec/api-machinery.md 9.10).
extension Project {
    init(_ namespace: Namespace) {
        self.init(
            metadata: namespace.metadata, spec: ProjectSpec(finalizers: namespace.spec.finalizers),
            status: ProjectStatus(phase: namespace.status.phase, conditions: namespace.status.conditions))
        metadata.managedFields = []
    }

    static let displayName = "openshift.io/display-name"
    static let description = "openshift.io/description"
    static let nodeSelector = "openshift.io/node-selector"
    static let requester = "openshift.io/requester"
}
