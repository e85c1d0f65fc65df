import APIMachinery
import JSON

/// The images an object of a cluster names, and where (spec/image-resources.md 20.2). Pure.
struct WorkloadImages: Sendable {
    /// One image of an object.
    struct Entry: Hashable, Sendable {
        /// What is named: a pull spec as a reference of kind `DockerImage`, or what a build refers to.
        var reference: ObjectReference
        /// The members and indexes that lead to it.
        var path: [Step]
        /// The name of its container; nil in builds.
        var container: String?

        /// The path as validation errors show it: `spec.containers[0].image`.
        var field: String {
            path.reduce(into: "") { text, step in
                switch step {
                case .member(let name): text += text.isEmpty ? name : ".\(name)"
                case .index(let index): text += "[\(index)]"
                }
            } + (container == nil ? ".name" : "")
        }

        /// The path as a JSON pointer (RFC 6901).
        var pointer: String {
            path.map { step in
                switch step {
                case .member(let name): "/" + name.replacing("~", with: "~0").replacing("/", with: "~1")
                case .index(let index): "/\(index)"
                }
            }.joined()
        }
    }

    enum Step: Hashable, Sendable {
        case member(String)
        case index(Int)
    }

    /// Not more than are ever looked at: see `isTooLarge`.
    let entries: [Entry]
    /// There are more images than anything has that runs; the rest has not been read.
    let isTooLarge: Bool
    /// Every image is to be resolved by name and tag in the object's own namespace (20.4).
    let resolvesAllNames: Bool

    /// - Returns: nil for an object that is known to hold no images in any place we know.
    init?(of object: JSONValue, resource: GroupResource) {
        let annotated = Self.asksForNames(object)
        if resource.group == "build.openshift.io" {
            entries = Self.buildEntries(object)
            isTooLarge = entries.count > Self.maximum
            resolvesAllNames = annotated
            return
        }
        guard let path = Self.podSpecPath(resource, in: object) else { return nil }
        // Without a template there is nothing to run.
        guard let podSpec = Self.value(at: path, in: object) else {
            entries = []
            isTooLarge = false
            resolvesAllNames = annotated
            return
        }
        entries = Self.containerEntries(podSpec, path)
        isTooLarge = entries.count > Self.maximum
        let template = Self.value(at: path.dropLast(), in: object)
        resolvesAllNames = annotated || template.map(Self.asksForNames) ?? false
    }

    /// Images of one object. Comparing with the object as it was takes the square of their number.
    static let maximum = 1_000

    /// The entries that are not in the object as it was before.
    func changed(since old: WorkloadImages?) -> [Entry] {
        guard let old, old.resolvesAllNames == resolvesAllNames else { return entries }
        return entries.filter { entry in
            guard let container = entry.container else {
                return !old.entries.contains { $0.reference == entry.reference }
            }
            return !old.entries.contains { $0.container == container && $0.reference == entry.reference }
        }
    }

    // MARK: Places

    private static let templated: Set<GroupResource> = [
        GroupResource(group: "", resource: "replicationcontrollers"),
        GroupResource(group: "security.openshift.io", resource: "podsecuritypolicyreviews"),
        GroupResource(group: "security.openshift.io", resource: "podsecuritypolicysubjectreviews"),
        GroupResource(group: "security.openshift.io", resource: "podsecuritypolicyselfsubjectreviews"),
    ]

    private static func podSpecPath(_ resource: GroupResource, in object: JSONValue) -> [Step]? {
        let template: [Step] = [.member("template"), .member("spec")]
        let inSpec = [.member("spec")] + template
        switch (resource.group, resource.resource) {
        case ("", "pods"): return [.member("spec")]
        case ("", "podtemplates"): return template
        case ("batch", "cronjobs"): return [.member("spec"), .member("jobTemplate")] + inSpec
        case ("apps", _), ("apps.openshift.io", _), ("batch", _), ("extensions", _): return inSpec
        default:
            // Kinds that are added by configuration, such as services of Knative, have a template as all others do.
            return templated.contains(resource) || value(at: inSpec[...], in: object) != nil ? inSpec : nil
        }
    }

    private static func value(at path: some Sequence<Step>, in object: JSONValue) -> JSONValue? {
        var value: JSONValue? = object
        for step in path {
            switch step {
            case .member(let name): value = value?[name]
            case .index(let index):
                let array = value?.arrayValue
                value = array.flatMap { $0.indices.contains(index) ? $0[index] : nil }
            }
        }
        return value.flatMap { $0.isNull ? nil : $0 }
    }

    private static func asksForNames(_ object: JSONValue) -> Bool {
        object["metadata"]?["annotations"]?[KnownAnnotation.resolveNames]?.stringValue == "*"
    }

    private static func containerEntries(_ podSpec: JSONValue, _ path: [Step]) -> [Entry] {
        ["initContainers", "containers"].flatMap { list in
            (podSpec[list]?.arrayValue?.elements ?? []).prefix(maximum + 1).enumerated().map { index, container in
                Entry(
                    reference: ObjectReference(kind: "DockerImage", name: container["image"]?.stringValue ?? ""),
                    path: path + [.member(list), .index(index), .member("image")],
                    container: container["name"]?.stringValue ?? "")
            }
        }
    }

    private static func buildEntries(_ object: JSONValue) -> [Entry] {
        var paths: [[Step]] = []
        let spec = object["spec"]
        for index in (spec?["source"]?["images"]?.arrayValue?.elements ?? []).indices.prefix(maximum + 1) {
            paths.append(["spec", "source", "images"].map(Step.member) + [.index(index), .member("from")])
        }
        for strategy in ["customStrategy", "dockerStrategy", "sourceStrategy"] {
            paths.append(["spec", "strategy", strategy, "from"].map(Step.member))
        }
        return paths.compactMap { path in
            guard let from = value(at: path, in: object) else { return nil }
            var reference = ObjectReference(
                kind: from["kind"]?.stringValue ?? "", name: from["name"]?.stringValue ?? "")
            reference.namespace = from["namespace"]?.stringValue ?? ""
            return Entry(reference: reference, path: path, container: nil)
        }
    }
}
