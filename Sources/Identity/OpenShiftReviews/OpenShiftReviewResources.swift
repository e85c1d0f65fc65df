import APIMachinery
import APIServer

/// `subjectaccessreviews`: may somebody?
struct ActionReviews: CreatableResource {
    let reviews: OpenShiftReviews
    let descriptor = ResourceDescriptor(review: ActionReview.groupVersionKind)
    var table: TableColumns<ActionReview>? { nil }

    func create(
        _ object: ActionReview, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<ActionReview> {
        .document(try await reviews.review(object, namespace: object.namespace, context))
    }
}

/// `localsubjectaccessreviews`: may somebody in this namespace?
struct LocalActionReviews: CreatableResource {
    let reviews: OpenShiftReviews
    let descriptor = ResourceDescriptor(review: LocalActionReview.groupVersionKind, isNamespaced: true)
    var table: TableColumns<LocalActionReview>? { nil }
    var ignoresNamespaceState: Bool { true }

    func create(
        _ object: LocalActionReview, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<LocalActionReview> {
        .document(try await reviews.review(object, namespace: context.namespace, context))
    }
}

/// `resourceaccessreviews`: who may everywhere, or in the namespace that the body names?
struct ResourceAccessReviews: CreatableResource {
    let reviews: OpenShiftReviews
    let descriptor = ResourceDescriptor(review: ResourceAccessReview.groupVersionKind)
    var table: TableColumns<ResourceAccessReview>? { nil }

    func create(
        _ object: ResourceAccessReview, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<ResourceAccessReview> {
        .document(try await reviews.subjects(of: object, namespace: object.namespace))
    }
}

/// `localresourceaccessreviews`: who may in this namespace?
struct LocalResourceAccessReviews: CreatableResource {
    let reviews: OpenShiftReviews
    let descriptor = ResourceDescriptor(review: LocalResourceAccessReview.groupVersionKind, isNamespaced: true)
    var table: TableColumns<LocalResourceAccessReview>? { nil }
    var ignoresNamespaceState: Bool { true }

    func create(
        _ object: LocalResourceAccessReview, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<LocalResourceAccessReview> {
        .document(try await reviews.subjects(of: object, namespace: context.namespace))
    }
}

/// `selfsubjectrulesreviews`: what may I do in this namespace?
struct OwnRulesReviews: CreatableResource {
    let reviews: OpenShiftReviews
    let descriptor = ResourceDescriptor(review: OwnRulesReview.groupVersionKind, isNamespaced: true)
    var table: TableColumns<OwnRulesReview>? { nil }
    var ignoresNamespaceState: Bool { true }

    func create(
        _ object: OwnRulesReview, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<OwnRulesReview> {
        var answer = object
        answer.status = try await reviews.rules(of: context.user, in: context.namespace)
        return .object(Output(answer))
    }
}

/// `subjectrulesreviews`: what may somebody do in this namespace?
struct SubjectRulesReviews: CreatableResource {
    let reviews: OpenShiftReviews
    let descriptor = ResourceDescriptor(review: SubjectRulesReview.groupVersionKind, isNamespaced: true)
    var table: TableColumns<SubjectRulesReview>? { nil }
    var ignoresNamespaceState: Bool { true }

    func create(
        _ object: SubjectRulesReview, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<SubjectRulesReview> {
        guard !object.spec.user.isEmpty || !object.spec.groups.isEmpty else {
            throw APIError.badRequest("at least one of user and groups must be specified")
        }
        var answer = object
        answer.status = try await reviews.rules(
            of: UserInfo(name: object.spec.user, groups: object.spec.groups), in: context.namespace)
        return .object(Output(answer))
    }
}
