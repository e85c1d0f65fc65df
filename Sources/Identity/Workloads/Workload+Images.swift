import APIMachinery
import JSON

/// An image as a reported workload names it.
public struct WorkloadImage: Hashable, Sendable {
    public var namespace: String
    /// A pull spec, or an id as a runtime reports it.
    public var text: String
}

extension Workload {
    /// The images that the workload runs, or would: of its pod spec or template, and those that the status of a pod
    /// reports.
    ///
    /// Specs that were not written by Kubernetes may look like anything: what is no image is passed over.
    func forEachImage(_ body: (WorkloadImage) -> Void) {
        let namespace = metadata.namespace
        func name(_ value: JSONValue?) {
            guard let text = value?.stringValue, !text.isEmpty, text.utf8.count <= 4_096 else { return }
            body(WorkloadImage(namespace: namespace, text: text))
        }
        if !spec.isEmpty, let spec = try? spec.value() {
            for podSpec in Self.podSpecs(in: spec) {
                for list in ["containers", "initContainers", "ephemeralContainers"] {
                    for container in podSpec[list]?.arrayValue?.elements ?? [] { name(container["image"]) }
                }
                for volume in podSpec["volumes"]?.arrayValue?.elements ?? [] { name(volume["image"]?["reference"]) }
            }
        }
        if !status.isEmpty, let status = try? status.value() {
            for list in ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"] {
                for container in status[list]?.arrayValue?.elements ?? [] {
                    name(container["imageID"])
                    name(container["image"])
                }
            }
        }
    }

    /// Where pod specs are in the spec of a pod, of what has a template, and of a cron job.
    private static func podSpecs(in spec: JSONValue) -> [JSONValue] {
        let template = spec["template"]?["spec"]
        let jobTemplate = spec["jobTemplate"]?["spec"]?["template"]?["spec"]
        return [spec, template, jobTemplate].compactMap { $0 }
    }
}
