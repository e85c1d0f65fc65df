import APIMachinery
import APIServer
import ImageAPI

extension TagStore {
    /// Refuses an image that is larger than the namespace allows, and one whose size cannot be told where that matters
    /// (spec/image-resources.md 19.2).
    ///
    /// - Parameters:
    ///   - resource: what the request is about, for the text.
    ///   - stream: likewise, its name.
    func checkSize(
        of image: Image, for resource: GroupResource, _ stream: String, _ context: RequestContext
    ) async throws {
        let limits = try await rules.ledger.limits.imageSizes(in: context.namespace)
        guard !limits.isEmpty else { return }
        func refusal(_ text: String) -> APIError { .forbidden(resource, stream, text) }
        var image = image
        let bytes: Int64
        do {
            try image.normalizeDocument()
            try ImageMetadata.fill(&image, now: context.now)
            bytes = try ImageMetadata.document(of: image).size
        } catch let error as ImageMetadata.Failure {
            throw refusal(error.text)
        } catch let error as APIError {
            throw refusal(error.message)
        }
        let size = Quantity(bytes, format: .binarySI)
        for limit in limits where size.exceeds(limit) {
            throw refusal(
                "requested usage of storage exceeds the maximum limit per openshift.io/Image (\(size) > \(limit))")
        }
    }
}
