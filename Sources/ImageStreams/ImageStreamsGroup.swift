import APIMachinery
import APIServer

/// The API group of this target.
public enum ImageStreamsGroup {
    public static let name = "image.openshift.io"
    public static let version = GroupVersion(group: name, version: "v1")

    /// The names under which quotas count streams (spec/image-resources.md 19.1).
    public static let streamQuotas = ["count/imagestreams.image.openshift.io", "openshift.io/imagestreams"]

    static func kind(_ name: String) -> GroupVersionKind {
        GroupVersionKind(group: self.name, version: "v1", kind: name)
    }

    /// A resource of the group, for the texts of errors.
    public static func resource(_ name: String) -> GroupResource { GroupResource(group: self.name, resource: name) }
}
