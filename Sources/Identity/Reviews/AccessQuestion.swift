import APIMachinery
import APIServer
import JSON

/// What a review of `authorization.k8s.io` asks (spec/api-machinery.md 9.6).
struct AccessQuestion {
    static let version = GroupVersion(group: "authorization.k8s.io", version: "v1")

    var resource: ResourceAttributes?
    var url: NonResourceAttributes?

    /// - Throws: 422 where the question is not about exactly one thing.
    func attributes(_ further: [FieldError] = []) throws(APIError) -> AccessAttributes {
        let errors = validate() + further
        guard errors.isEmpty else { throw Self.invalid(errors) }
        if let resource {
            return AccessAttributes(
                verb: resource.verb, group: resource.group, resource: resource.resource,
                subresource: resource.subresource, namespace: resource.namespace, name: resource.name)
        }
        return AccessAttributes(verb: url?.verb ?? "", path: url?.path ?? "")
    }

    private func validate() -> [FieldError] {
        if let url, resource != nil {
            return [
                .invalid(
                    "spec.nonResourceAttributes", .json(["Path": .string(url.path), "Verb": .string(url.verb)]),
                    "cannot be specified in combination with resourceAttributes")
            ]
        }
        guard let resource else {
            guard url == nil else { return [] }
            return [
                .invalid(
                    "spec.resourceAttributes", .raw("null"),
                    "exactly one of nonResourceAttributes or resourceAttributes must be specified")
            ]
        }
        return Self.validate(
            resource.fieldSelector?.rawSelector, hasList: resource.fieldSelector?.requirements, "field")
            + Self.validate(resource.labelSelector?.rawSelector, hasList: resource.labelSelector?.requirements, "label")
    }

    private static func validate<Requirement>(
        _ raw: String?, hasList requirements: [Requirement]?, _ kind: String
    ) -> [FieldError] {
        guard let raw, let requirements else { return [] }
        let field = "spec.resourceAttributes.\(kind)Selector"
        if !raw.isEmpty && !requirements.isEmpty {
            return [
                .invalid("\(field).rawSelector", .string(raw), "may not specified at the same time as requirements")
            ]
        }
        return raw.isEmpty && requirements.isEmpty
            ? [
                .required(
                    "\(field).requirements", "when \(field) is specified, requirements or rawSelector is required")
            ] : []
    }

    /// The kind is left out of the texts (recorded).
    static func invalid(_ errors: [FieldError]) -> APIError {
        APIError.invalid(GroupResource(group: version.group, resource: ""), "", errors)
    }
}

extension SubjectAccessReviewSpec {
    var question: AccessQuestion { AccessQuestion(resource: resourceAttributes, url: nonResourceAttributes) }
    var subject: UserInfo { UserInfo(name: user, uid: uid, groups: groups, extra: extra) }

    var subjectErrors: [FieldError] {
        guard user.isEmpty && groups.isEmpty else { return [] }
        return [.invalid("spec.user", .string(""), "at least one of user or group must be specified")]
    }
}

extension SubjectAccessReviewStatus {
    init(_ decision: AccessDecision) {
        self.init(allowed: decision.isAllowed, reason: decision.reason)
    }
}

extension ResourceDescriptor {
    /// Of a review: something is posted, and nothing is stored.
    init(review kind: GroupVersionKind, isNamespaced: Bool = false) {
        self.init(
            groupVersion: GroupVersion(group: kind.group, version: kind.version),
            name: kind.kind.lowercased() + "s", kind: kind, isNamespaced: isNamespaced)
    }
}
