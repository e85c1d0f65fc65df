import APIMachinery

/// The cluster roles and bindings every server has (spec/api-machinery.md 9.7, spec/image-resources.md 22).
enum DefaultRoles {
    static let read = ["get", "list", "watch"]
    static let write = ["create", "delete", "deletecollection", "patch", "update"]
    static let readWrite = (read + write).sorted()

    static let clusterRoles = system + aggregates + images + registries + users

    /// Roles that are bound to everybody, or to the server's own groups.
    private static let system = [
        role(
            "cluster-admin", "Everything, everywhere.",
            [.on(["*"], ["*"], ["*"]), .urls(["*"], ["*"])]),
        role(
            "system:discovery", "What the server offers.",
            [
                .urls(
                    ["get"],
                    [
                        "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/readyz", "/openapi", "/openapi/*",
                        "/version", "/version/",
                    ])
            ]),
        role(
            "system:public-info-viewer", "Whether the server is well.",
            [.urls(["get"], ["/healthz", "/livez", "/readyz", "/version", "/version/"])]),
        role(
            "system:openshift:public-info-viewer", "How to log in.",
            [.urls(["get"], ["/.well-known", "/.well-known/*"])]),
        role(
            "system:basic-user", "What one may do oneself.",
            [
                .on(
                    ["create"], ["authorization.k8s.io"],
                    ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
                .on(["create"], ["authentication.k8s.io"], ["selfsubjectreviews"]),
            ]),
        role(
            "system:monitoring", "Metrics and health.",
            [.urls(["get"], ["/metrics", "/metrics/slis", "/livez/*", "/readyz/*", "/healthz/*"])]),
        role(
            "system:auth-delegator", "Asking who somebody is and what they may do.",
            [
                .on(["create"], ["authentication.k8s.io"], ["tokenreviews"]),
                .on(["create"], ["authorization.k8s.io"], ["subjectaccessreviews"]),
            ]),
    ]

    /// What users have who have nothing else, and what lets them begin.
    private static let users = [
        role(
            "basic-user", "A user that can get basic information about projects.",
            [
                PolicyRule(
                    verbs: ["get"], apiGroups: ["", "user.openshift.io"], resources: ["users"], resourceNames: ["~"]),
                .on(["list"], ["", "project.openshift.io"], ["projectrequests"]),
                .on(["get", "list"], ["", "authorization.openshift.io"], ["clusterroles"]),
                .on(read, ["rbac.authorization.k8s.io"], ["clusterroles"]),
                .on(["list", "watch"], ["", "project.openshift.io"], ["projects"]),
                .on(
                    ["create"], ["", "authorization.openshift.io"],
                    ["selfsubjectrulesreviews", "subjectaccessreviews", "localsubjectaccessreviews"]),
                .on(["create"], ["authorization.k8s.io"], ["selfsubjectaccessreviews"]),
                .on(read + ["delete"], ["oauth.openshift.io"], ["useroauthaccesstokens"]),
            ]),
        role(
            "self-provisioner", "A user that can request projects.",
            [.on(["create"], ["", "project.openshift.io"], ["projectrequests"])]),
    ]

    // MARK: Bindings

    static let clusterRoleBindings = [
        binding("cluster-admin", to: "cluster-admin", groups: ["system:masters"]),
        binding("cluster-admins", to: "cluster-admin", groups: ["system:cluster-admins"]),
        binding("cluster-readers", to: "cluster-reader", groups: ["system:cluster-readers"]),
        binding("system:discovery", to: "system:discovery", groups: ["system:authenticated"]),
        binding(
            "system:public-info-viewer", to: "system:public-info-viewer",
            groups: ["system:authenticated", "system:unauthenticated"]),
        binding(
            "system:openshift:public-info-viewer", to: "system:openshift:public-info-viewer",
            groups: ["system:authenticated", "system:unauthenticated"]),
        binding("system:basic-user", to: "system:basic-user", groups: ["system:authenticated"]),
        binding("system:monitoring", to: "system:monitoring", groups: ["system:monitoring"]),
        binding("basic-users", to: "basic-user", groups: ["system:authenticated"]),
        binding("self-provisioners", to: "self-provisioner", groups: ["system:authenticated:oauth"]),
    ]

    /// The namespace whose streams everybody may use.
    static let sharedNamespace = "openshift"

    static let sharedRole = Role(
        metadata: metadata("shared-resource-viewer", "What everybody may use of this namespace."),
        rules: [
            .on(read, imageGroups, ["imagestreamimages", "imagestreams", "imagestreamtags", "imagetags"]),
            .on(["get"], imageGroups, ["imagestreams/layers"]),
            .on(read, [""], ["configmaps"]),
        ])

    static let sharedBinding = RoleBinding(
        metadata: metadata("shared-resource-viewers"),
        subjects: [group("system:authenticated")], roleRef: reference(to: sharedRole.metadata.name, kind: "Role"))

    /// The bindings every namespace begins with (spec/image-resources.md 22): its service accounts may pull from it, and
    /// its builder may push to it.
    static func bindings(in namespace: String) -> [RoleBinding] {
        [
            RoleBinding(
                metadata: metadata(
                    "system:image-pullers", "Allows all pods in this namespace to pull images from this namespace."),
                subjects: [group("system:serviceaccounts:\(namespace)")],
                roleRef: reference(to: "system:image-puller")),
            RoleBinding(
                metadata: metadata(
                    "system:image-builders", "Allows builds in this namespace to push images to this namespace."),
                subjects: [RoleSubject(kind: "ServiceAccount", name: "builder", namespace: namespace)],
                roleRef: reference(to: "system:image-builder")),
        ]
    }

    // MARK: Parts

    static func role(
        _ name: String, _ description: String = "", labels: [String: String] = [:], _ rules: [PolicyRule]
    ) -> ClusterRole {
        var metadata = metadata(name, description)
        metadata.labels.merge(labels) { $1 }
        return ClusterRole(metadata: metadata, rules: rules)
    }

    static let autoUpdate = "rbac.authorization.kubernetes.io/autoupdate"

    static func metadata(_ name: String, _ description: String = "") -> ObjectMeta {
        var metadata = ObjectMeta(name: name)
        metadata.annotations[autoUpdate] = "true"
        if !description.isEmpty { metadata.annotations["openshift.io/description"] = description }
        metadata.labels["kubernetes.io/bootstrapping"] = "rbac-defaults"
        return metadata
    }

    private static func binding(_ name: String, to role: String, groups: [String]) -> ClusterRoleBinding {
        ClusterRoleBinding(
            metadata: metadata(name), subjects: groups.map(group), roleRef: reference(to: role))
    }

    private static func group(_ name: String) -> RoleSubject {
        RoleSubject(kind: "Group", apiGroup: RoleValidation.group, name: name)
    }

    static func reference(to role: String, kind: String = "ClusterRole") -> RoleRef {
        RoleRef(apiGroup: RoleValidation.group, kind: kind, name: role)
    }
}

extension PolicyRule {
    static func on(_ verbs: [String], _ groups: [String], _ resources: [String]) -> PolicyRule {
        PolicyRule(verbs: verbs, apiGroups: groups, resources: resources)
    }

    static func urls(_ verbs: [String], _ urls: [String]) -> PolicyRule {
        PolicyRule(verbs: verbs, nonResourceURLs: urls)
    }
}
