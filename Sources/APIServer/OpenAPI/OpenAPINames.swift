import APIMachinery

/// How OpenAPI calls the operations of a group version (spec/api-machinery.md 8.5): clients are generated from it.
struct OpenAPINames {
    let version: GroupVersion

    init(_ version: GroupVersion) { self.version = version }

    /// `/apis/image.openshift.io/v1/`.
    var prefix: String { version.group.isEmpty ? "/api/\(version.version)/" : "/apis/\(version.apiVersion)/" }

    /// `imageOpenshiftIo_v1`, `core_v1`.
    var tag: String { group.prefix(1).lowercased() + group.dropFirst() + "_\(version.version)" }

    /// `listImageOpenshiftIoV1NamespacedImageStream` of `list`, `Namespaced` and `ImageStream`.
    func id(_ verb: String, _ scope: String, _ kind: String) -> String {
        verb + group + Self.capitalized(version.version) + scope + kind
    }

    /// The operation that shows the resources of the group version.
    var resources: OpenAPIOperation {
        OpenAPIOperation(
            method: "get", description: "get available resources", id: id("get", "", "APIResources"), tag: tag,
            definition: APIResourceList.schema.openAPIName)
    }

    /// `ImageOpenshiftIo`, `Core`; the groups of Kubernetes go without their common end.
    private var group: String {
        guard !version.group.isEmpty else { return "Core" }
        let suffix = ".k8s.io"
        let name = version.group.hasSuffix(suffix) ? version.group.dropLast(suffix.count) : version.group[...]
        return name.split(separator: ".").map { Self.capitalized(String($0)) }.joined()
    }

    static func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}
