import APIMachinery
import APIServer

/// What the reviews of `authorization.openshift.io` have in common (spec/clients.md 5.2).
struct OpenShiftReviews: Sendable {
    let authorizer: any Authorizer
    let roles: RoleAuthorizer

    var resources: [any Resource] {
        [
            ActionReviews(reviews: self), LocalActionReviews(reviews: self), ResourceAccessReviews(reviews: self),
            LocalResourceAccessReviews(reviews: self), OwnRulesReviews(reviews: self),
            SubjectRulesReviews(reviews: self),
        ]
    }

    /// The resources that clients also look for in the core group, where they lived before there were groups.
    private static let moved = [
        "images", "imagesignatures", "imagestreamimages", "imagestreamimports", "imagestreammappings", "imagestreams",
        "imagestreamtags", "imagetags",
    ]

    /// What an action asks about. `imagestreams/layers` in one word is a subresource.
    static func attributes(of action: some ReviewedAction, namespace: String) -> AccessAttributes {
        if action.isNonResourceURL { return AccessAttributes(verb: action.verb.lowercased(), path: action.path) }
        let parts = action.resource.split(separator: "/", maxSplits: 1).map(String.init)
        let resource = (parts.first ?? "").lowercased()
        let isMoved = action.resourceAPIGroup.isEmpty && moved.contains(resource)
        return AccessAttributes(
            verb: action.verb.lowercased(), group: isMoved ? "image.openshift.io" : action.resourceAPIGroup,
            resource: resource, subresource: parts.count > 1 ? parts[1] : "", namespace: namespace,
            name: action.resourceName)
    }

    /// Whether somebody may do something: the caller, or somebody else where the caller may ask.
    func review(
        _ action: some SubjectAction, namespace: String, _ context: RequestContext
    ) async throws -> SubjectAccessReviewResponse {
        var subject = context.user
        if !action.user.isEmpty || !action.groups.isEmpty {
            subject = UserInfo(name: action.user, groups: action.groups)
            if subject.name != context.user.name || !subject.groups.allSatisfy(context.user.groups.contains) {
                try await requireReview(of: "subjectaccessreviews", namespace: namespace, context)
            } else if subject.groups.isEmpty {
                subject = context.user
            }
        }
        let decision = try await authorizer.authorize(subject, Self.attributes(of: action, namespace: namespace))
        return SubjectAccessReviewResponse(
            namespace: namespace, allowed: decision.isAllowed, reason: decision.reason)
    }

    /// Who may do something.
    func subjects(
        of action: some ReviewedAction, namespace: String
    ) async throws -> ResourceAccessReviewResponse {
        let policy = try await roles.policy()
        var users: [String] = []
        var groups: [String] = []
        for subject in policy.subjects(allowed: Self.attributes(of: action, namespace: namespace)) {
            switch subject {
            case .user(let name): users.append(name)
            case .group(let name): groups.append(name)
            }
        }
        return ResourceAccessReviewResponse(
            namespace: namespace, users: users.sorted(), groups: groups.sorted(),
            evalutionError: policy.problems(in: namespace).joined(separator: ", "))
    }

    func rules(of user: UserInfo, in namespace: String) async throws -> RulesReviewStatus {
        let policy = try await roles.policy()
        return RulesReviewStatus(
            rules: policy.rules(for: user, in: namespace).map {
                ReviewedRule(
                    verbs: $0.verbs, apiGroups: $0.apiGroups, resources: $0.resources,
                    resourceNames: $0.resourceNames, nonResourceURLs: $0.nonResourceURLs)
            },
            evaluationError: policy.problems(in: namespace).joined(separator: ", "))
    }

    /// Everybody may ask about themselves; who asks about others needs the right to.
    func requireReview(of resource: String, namespace: String, _ context: RequestContext) async throws {
        let access = AccessAttributes(
            verb: "create", group: AccessQuestion.version.group,
            resource: namespace.isEmpty ? resource : "local\(resource)", namespace: namespace)
        guard try await authorizer.authorize(context.user, access).isAllowed else {
            throw APIError.forbidden(
                context.resource, "",
                "User \(goQuoted(context.user.name)) may only ask about themselves")
        }
    }
}

/// What a review is about.
protocol ReviewedAction: APIObject {
    var namespace: String { get }
    var verb: String { get }
    var resourceAPIGroup: String { get }
    var resource: String { get }
    var resourceName: String { get }
    var path: String { get }
    var isNonResourceURL: Bool { get }
}

/// A review that may name a subject.
protocol SubjectAction: ReviewedAction {
    var user: String { get }
    var groups: [String] { get }
}

extension ActionReview: SubjectAction {}
extension LocalActionReview: SubjectAction {}
extension ResourceAccessReview: ReviewedAction {}
extension LocalResourceAccessReview: ReviewedAction {}
