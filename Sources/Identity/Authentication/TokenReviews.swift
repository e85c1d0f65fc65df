import APIMachinery
import APIServer

/// `tokenreviews`: tells others whom a token belongs to (spec/api-machinery.md 9.6). Nothing is stored.
struct TokenReviews: CreatableResource {
    let tokens: TokenChain
    let descriptor = ResourceDescriptor(
        groupVersion: TokenReview.groupVersionKind.groupVersion, name: "tokenreviews",
        kind: TokenReview.groupVersionKind, isNamespaced: false)
    var table: TableColumns<TokenReview>? { nil }

    func create(
        _ object: TokenReview, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<TokenReview> {
        guard !object.spec.token.isEmpty else {
            throw APIError.badRequest("token is required for TokenReview in authentication")
        }
        var review = object
        do {
            let known = try await tokens.authenticate(object.spec.token, wanted: object.spec.audiences)
            review.status = TokenReviewStatus(
                authenticated: true, user: AuthenticatedUser(known.user), audiences: known.audiences)
        } catch let error as APIError where error.code == 401 {
            review.status = TokenReviewStatus(error: "invalid bearer token")
        }
        return .object(Output(review))
    }
}
