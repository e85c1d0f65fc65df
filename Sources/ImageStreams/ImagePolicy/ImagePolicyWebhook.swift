import APIMachinery
import APIServer
import HTTPTypes

/// The image policy as an admission webhook, for clusters that have none built in.
///
/// A mutating webhook calls `/admission/imagepolicy`, a validating one `/admission/imagepolicy/validate`.
struct ImagePolicyWebhook: PathHandler {
    static let mutatingPath = "/admission/imagepolicy"
    static let validatingPath = mutatingPath + "/validate"

    let policy: ImagePolicy

    var paths: [String] { [Self.mutatingPath, Self.validatingPath] }

    /// Two objects as large as any, and what JSON adds to them.
    private static let maximumBytes = 8 * 1024 * 1024

    func respond(
        to request: ServerRequest, path: String, _ context: RequestContext
    ) async throws -> ServerResponse {
        guard request.method == "POST" else { throw APIError.methodNotAllowed }
        let body: [UInt8]
        do { body = try await request.body.collect(upTo: Self.maximumBytes) } catch BodyReader.Failure.tooLarge {
            throw APIError.tooLarge("limit is \(Self.maximumBytes)")
        } catch BodyReader.Failure.incomplete {
            throw APIError.badRequest("unexpected EOF")
        }
        let review = try AdmissionReview(parsing: body)
        return ServerResponse(
            status: 200, contentType: "application/json",
            try await answer(to: review, mayChange: path == Self.mutatingPath, context))
    }

    private func answer(
        to review: AdmissionReview, mayChange: Bool, _ context: RequestContext
    ) async throws -> [UInt8] {
        // Status, scale and the like carry no images.
        guard review.subresource.isEmpty, let object = review.object,
            review.operation == "CREATE" || review.operation == "UPDATE"
        else { return review.allowed() }
        do {
            return review.allowed(
                try await policy.admit(
                    ImagePolicy.Review(
                        kind: review.kind, resource: review.resource, namespace: review.namespace, name: review.name,
                        isUpdate: review.operation == "UPDATE", object: object, oldObject: review.oldObject,
                        mayChange: mayChange),
                    context))
        } catch let error as APIError {
            return try review.refused(error)
        }
    }
}
