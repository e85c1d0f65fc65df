import APIMachinery
import APIServer

/// `selfsubjectreviews`: tells callers who they are (spec/api-machinery.md 9.6).
struct SelfSubjectReviews: CreatableResource {
    let descriptor = ResourceDescriptor(
        groupVersion: SelfSubjectReview.groupVersionKind.groupVersion, name: "selfsubjectreviews",
        kind: SelfSubjectReview.groupVersionKind, isNamespaced: false)
    var table: TableColumns<SelfSubjectReview>? { nil }

    func create(
        _ object: SelfSubjectReview, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<SelfSubjectReview> {
        // What the body says is not looked at: the answer is of its own, made now (recorded).
        .object(
            Output(
                SelfSubjectReview(
                    metadata: ObjectMeta(creationTimestamp: context.now),
                    status: SelfSubjectReviewStatus(userInfo: AuthenticatedUser(context.user)))))
    }
}
