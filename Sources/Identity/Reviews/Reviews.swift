import APIServer

/// Everything that answers what somebody may do.
public struct Reviews: Sendable {
    public let resources: [any Resource]

    /// - Parameters:
    ///   - authorizer: decides about requests; its decisions are the answers.
    ///   - roles: what rights are listed by.
    public init(authorizer: any Authorizer, roles: Roles) {
        let own: [any Resource] = [
            SelfSubjectAccessReviews(authorizer: authorizer), SubjectAccessReviews(authorizer: authorizer),
            LocalSubjectAccessReviews(authorizer: authorizer), SelfSubjectRulesReviews(roles: roles.authorizer),
        ]
        resources = own + OpenShiftReviews(authorizer: authorizer, roles: roles.authorizer).resources
    }
}
