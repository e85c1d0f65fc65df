import APIMachinery
import APIServer

/// `selfsubjectaccessreviews`: may I? (spec/api-machinery.md 9.6)
struct SelfSubjectAccessReviews: CreatableResource {
    let authorizer: any Authorizer
    let descriptor = ResourceDescriptor(review: SelfSubjectAccessReview.groupVersionKind)
    var table: TableColumns<SelfSubjectAccessReview>? { nil }

    func create(
        _ object: SelfSubjectAccessReview, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<SelfSubjectAccessReview> {
        let question = AccessQuestion(
            resource: object.spec.resourceAttributes, url: object.spec.nonResourceAttributes)
        var answer = object
        answer.status = SubjectAccessReviewStatus(
            try await authorizer.authorize(context.user, try question.attributes()))
        return .object(Output(answer))
    }
}

/// `subjectaccessreviews`: may somebody?
struct SubjectAccessReviews: CreatableResource {
    let authorizer: any Authorizer
    let descriptor = ResourceDescriptor(review: SubjectAccessReview.groupVersionKind)
    var table: TableColumns<SubjectAccessReview>? { nil }

    func create(
        _ object: SubjectAccessReview, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<SubjectAccessReview> {
        let attributes = try object.spec.question.attributes(object.spec.subjectErrors)
        var answer = object
        answer.status = SubjectAccessReviewStatus(
            try await authorizer.authorize(object.spec.subject, attributes))
        return .object(Output(answer))
    }
}

/// `localsubjectaccessreviews`: may somebody in this namespace?
struct LocalSubjectAccessReviews: CreatableResource {
    let authorizer: any Authorizer
    let descriptor = ResourceDescriptor(review: LocalSubjectAccessReview.groupVersionKind, isNamespaced: true)
    var table: TableColumns<LocalSubjectAccessReview>? { nil }
    var ignoresNamespaceState: Bool { true }

    func create(
        _ object: LocalSubjectAccessReview, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<LocalSubjectAccessReview> {
        var answer = object
        if answer.metadata.namespace.isEmpty { answer.metadata.namespace = context.namespace }
        guard answer.metadata.namespace == context.namespace else {
            throw APIError.badRequest(
                "the namespace of the provided object does not match the namespace sent on the request")
        }
        var errors = object.spec.subjectErrors
        if let resource = object.spec.resourceAttributes, resource.namespace != context.namespace {
            errors.append(
                .invalid(
                    "spec.resourceAttributes.namespace", .string(resource.namespace), "must match metadata.namespace"))
        }
        if object.spec.nonResourceAttributes != nil {
            errors.append(
                .invalid(
                    "spec.nonResourceAttributes", .raw("null"), "disallowed on this kind of request"))
        }
        let attributes = try object.spec.question.attributes(errors)
        answer.status = SubjectAccessReviewStatus(
            try await authorizer.authorize(object.spec.subject, attributes))
        return .object(Output(answer))
    }
}

/// `selfsubjectrulesreviews`: what may I do in a namespace?
struct SelfSubjectRulesReviews: CreatableResource {
    let roles: RoleAuthorizer
    let descriptor = ResourceDescriptor(review: SelfSubjectRulesReview.groupVersionKind)
    var table: TableColumns<SelfSubjectRulesReview>? { nil }

    func create(
        _ object: SelfSubjectRulesReview, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<SelfSubjectRulesReview> {
        let namespace = object.spec.namespace
        if namespace.isEmpty { throw APIError.badRequest("no namespace on request") }
        let policy = try await roles.policy()
        var answer = object
        answer.status = SubjectRulesReviewStatus(
            policy.rules(for: context.user, in: namespace), problems: policy.problems(in: namespace))
        return .object(Output(answer))
    }
}

extension SubjectRulesReviewStatus {
    init(_ rules: [PolicyRule], problems: [String]) {
        self.init()
        for rule in rules {
            if rule.nonResourceURLs.isEmpty {
                resourceRules.append(
                    ResourceRule(
                        verbs: rule.verbs, apiGroups: rule.apiGroups, resources: rule.resources,
                        resourceNames: rule.resourceNames))
            } else {
                nonResourceRules.append(NonResourceRule(verbs: rule.verbs, nonResourceURLs: rule.nonResourceURLs))
            }
        }
        evaluationError = problems.joined(separator: ", ")
    }
}
