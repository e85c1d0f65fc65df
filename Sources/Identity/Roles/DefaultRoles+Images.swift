import APIMachinery

/// The roles of the image API and the registry (spec/image-resources.md 22).
extension DefaultRoles {
    /// The core group is where the image API lived before there were groups.
    static let imageGroups = ["", "image.openshift.io"]

    private static let viewed = [
        "imagestreamimages", "imagestreammappings", "imagestreams", "imagestreamtags", "imagetags",
    ]
    private static let edited = (viewed + ["imagestreams/secrets"]).sorted()

    private static let viewRules: [PolicyRule] = [.on(read, imageGroups, viewed)]

    private static let editRules: [PolicyRule] = [
        .on(readWrite, imageGroups, edited), .on(["create"], imageGroups, ["imagestreamimports"]),
        // To delete is what Weir adds: the reference lets nobody but administrators delete what was pushed.
        .on(["delete", "get", "update"], imageGroups, ["imagestreams/layers"]),
    ]

    private static let statusRule = PolicyRule.on(read, imageGroups, ["imagestreams/status"])
    /// What Weir adds to streams is seen with them.
    private static let historyRule = PolicyRule.on(["get"], ["weir.dev"], ["taghistories"])

    private static let retentionViewRules = [PolicyRule.on(read, ["weir.dev"], ["eventsinks", "retentionpolicies"])]
    /// Who may delete tags may have them deleted.
    private static let retentionEditRules = [
        // Addresses of receivers are for those who may import.
        PolicyRule.on(readWrite, ["weir.dev"], ["retentionpolicies", "webhookreceivers"]),
        .on(read, ["weir.dev"], ["eventsinks"]),
        .on(["create"], ["weir.dev"], ["retentionpreviews"]),
    ]

    /// Sinks make the server send requests to where they say: that takes an administrator of the project.
    private static let sinkRules = [PolicyRule.on(readWrite, ["weir.dev"], ["eventsinks"])]

    static let images = [
        role(
            "system:image-puller", "Grants the right to pull images from within a project.",
            [.on(["get"], imageGroups, ["imagestreams/layers"])]),
        role(
            "system:image-pusher", "Grants the right to push and pull images from within a project.",
            [.on(["get", "update"], imageGroups, ["imagestreams/layers"])]),
        role(
            "system:image-builder",
            "Grants the right to build, push and pull images from within a project.  Used primarily with service accounts for builds.",
            labels: aggregate(to: ["admin", "edit"]),
            [
                .on(["get", "update"], imageGroups, ["imagestreams/layers"]),
                .on(["create"], imageGroups, ["imagestreams"]),
                .on(["update"], ["", "build.openshift.io"], ["builds/details"]),
                .on(["get"], ["", "build.openshift.io"], ["builds"]),
            ]),
        role(
            "system:image-signer", "Adds and removes signatures of images.",
            [
                .on(["get"], imageGroups, ["images", "imagestreams/layers"]),
                .on(["create", "delete"], imageGroups, ["imagesignatures"]),
            ]),
        role(
            "system:image-auditor", "Reads images, and says what is thought of their signatures.",
            [.on(["get", "list", "patch", "update", "watch"], imageGroups, ["images"])]),
        role(
            "system:image-pruner", "Removes images that nothing uses.",
            [
                .on(["get", "list"], [""], ["pods", "replicationcontrollers"]), .on(["list"], [""], ["limitranges"]),
                .on(["get", "list"], ["", "build.openshift.io"], ["buildconfigs", "builds"]),
                .on(["get", "list"], ["", "apps.openshift.io"], ["deploymentconfigs"]),
                .on(["get", "list"], ["batch"], ["cronjobs", "jobs"]),
                .on(["get", "list"], ["apps"], ["daemonsets", "deployments", "replicasets", "statefulsets"]),
                .on(["delete"], imageGroups, ["images"]), .on(read, imageGroups, ["images", "imagestreams"]),
                .on(["update"], imageGroups, ["imagestreams/status"]),
            ]),
        role(
            "system:registry", "What a registry needs that keeps its images here.",
            [
                .on(["list"], [""], ["limitranges", "resourcequotas"]),
                .on(
                    ["get"], imageGroups,
                    ["imagestreamimages", "imagestreams/layers", "imagestreams/secrets", "imagestreams", "images"]),
                .on(["update"], imageGroups, ["images", "imagestreams"]),
                .on(["delete"], imageGroups, ["imagestreamtags"]),
                .on(["create"], imageGroups, ["imagestreammappings"]),
            ]),
    ]

    static let registries = [
        role(
            "registry-viewer", "Reads image streams of a project and pulls from it.",
            labels: aggregate(to: ["view"]), registryViewer),
        role(
            "registry-editor", "Changes image streams of a project, pulls from it and pushes to it.",
            labels: aggregate(to: ["edit"]), registryEditor),
        role(
            "registry-admin", "Changes image streams of a project, and who may do so.",
            labels: aggregate(to: ["admin"]), registryEditor + registryAdmin),
    ]

    private static let projectGroups = ["", "project.openshift.io"]
    private static let reviewGroups = ["", "authorization.openshift.io"]

    private static let registryViewer =
        viewRules + retentionViewRules + [
            historyRule, .on(["get"], imageGroups, ["imagestreams/layers"]), .on(["get"], [""], ["namespaces"]),
            .on(["get"], projectGroups, ["projects"]),
        ]

    private static let registryEditor =
        editRules + retentionEditRules + [
            historyRule, .on(readWrite, [""], ["secrets", "serviceaccounts"]), .on(["get"], [""], ["namespaces"]),
            .on(["get"], projectGroups, ["projects"]),
        ]

    private static let registryAdmin: [PolicyRule] =
        sinkRules + [
            .on(readWrite, reviewGroups + ["rbac.authorization.k8s.io"], ["rolebindings", "roles"]),
            .on(["create"], reviewGroups, openShiftReviews),
            .on(["create"], ["authorization.k8s.io"], ["localsubjectaccessreviews"]),
            .on(["delete", "get"], projectGroups, ["projects"]),
        ]

    private static let openShiftReviews = [
        "localresourceaccessreviews", "localsubjectaccessreviews", "resourceaccessreviews", "subjectaccessreviews",
        "subjectrulesreviews",
    ]

    // MARK: admin, edit, view

    /// The three roles people give each other, and what they are gathered from.
    static let aggregates = [
        aggregate("admin", "A user that has edit rights within the project and can change the project's membership."),
        aggregate(
            "edit",
            "A user that can create and edit most objects in a project, but can not update the project's membership."),
        aggregate(
            "view",
            "A user who can view but not edit any resources within the project. They can not view secrets or membership."
        ),
        role(
            "system:aggregate-to-admin", labels: aggregate(to: ["admin"]),
            [
                .on(["create"], ["authorization.k8s.io"], ["localsubjectaccessreviews"]),
                .on(readWrite, ["rbac.authorization.k8s.io"], ["rolebindings", "roles"]),
            ]),
        role(
            "system:aggregate-to-edit", labels: aggregate(to: ["admin", "edit"]),
            [
                .on(read, [""], ["secrets"]), .on(write, [""], ["configmaps", "events", "secrets", "serviceaccounts"]),
                .on(["impersonate"], [""], ["serviceaccounts"]), .on(["create"], [""], ["serviceaccounts/token"]),
            ]),
        role(
            "system:aggregate-to-view", labels: aggregate(to: ["admin", "edit", "view"]),
            [
                .on(
                    read, [""],
                    [
                        "configmaps", "events", "limitranges", "namespaces", "namespaces/status", "pods",
                        "replicationcontrollers", "resourcequotas", "resourcequotas/status", "serviceaccounts",
                    ]),
                .on(read, ["apps"], ["daemonsets", "deployments", "replicasets", "statefulsets"]),
                .on(read, ["batch"], ["cronjobs", "jobs"]),
            ]),
        role(
            "system:openshift:aggregate-to-admin", labels: aggregate(to: ["admin"]),
            editRules + retentionEditRules + sinkRules + [
                statusRule, historyRule, .on(["create"], reviewGroups, openShiftReviews),
                .on(["delete", "get", "patch", "update"], projectGroups, ["projects"]),
            ]),
        role(
            "system:openshift:aggregate-to-edit", labels: aggregate(to: ["edit"]),
            editRules + retentionEditRules + [statusRule, historyRule, .on(["get"], projectGroups, ["projects"])]),
        role(
            "system:openshift:aggregate-to-view", labels: aggregate(to: ["view"]),
            viewRules + retentionViewRules + [statusRule, historyRule, .on(["get"], projectGroups, ["projects"])]),
        aggregate("cluster-reader", "A user that can read everything that is no secret."),
        role(
            "system:openshift:aggregate-to-cluster-reader", labels: aggregate(to: ["cluster-reader"]),
            [
                .on(
                    read, [""],
                    [
                        "configmaps", "events", "limitranges", "namespaces", "namespaces/status", "pods",
                        "replicationcontrollers", "resourcequotas", "resourcequotas/status", "serviceaccounts",
                    ]),
                .on(read, ["apps"], ["daemonsets", "deployments", "replicasets", "statefulsets"]),
                .on(read, ["batch"], ["cronjobs", "jobs"]),
                .on(read, imageGroups, viewed + ["images", "imagesignatures", "imagestreams/status"]),
                .on(["get"], imageGroups, ["imagestreams/layers"]), historyRule,
                .on(read, ["weir.dev"], ["eventsinks", "registrystatuses", "retentionpolicies"]),
                .on(
                    read, ["rbac.authorization.k8s.io"],
                    ["clusterrolebindings", "clusterroles", "rolebindings", "roles"]),
                .on(read, projectGroups, ["projects"]),
                .on(read, ["", "user.openshift.io"], ["groups", "identities", "users"]),
                .on(["create"], reviewGroups, openShiftReviews),
                .on(["create"], ["authorization.k8s.io"], ["localsubjectaccessreviews", "subjectaccessreviews"]),
                .urls(["get"], ["/metrics", "/version", "/version/*", "/healthz", "/healthz/*", "/livez", "/readyz"]),
            ]),
    ]

    private static func label(_ role: String) -> String { "rbac.authorization.k8s.io/aggregate-to-\(role)" }

    private static func aggregate(to roles: [String]) -> [String: String] {
        Dictionary(uniqueKeysWithValues: roles.map { (label($0), "true") })
    }

    /// A role that has the rules of all that are labelled for it.
    private static func aggregate(_ name: String, _ description: String) -> ClusterRole {
        var role = role(name, description, [])
        role.aggregationRule = AggregationRule(
            clusterRoleSelectors: [ObjectSelector(matchLabels: [label(name): "true"])])
        return role
    }
}
