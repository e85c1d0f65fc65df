import APIMachinery
import APIServer
import ImageAPI

@testable import ImageStreams

extension ImageStreamsAPI {
    /// Pushes as a client of the API does.
    func push(
        _ mapping: ImageStreamMapping, options: WriteOptions = WriteOptions(), _ context: RequestContext
    ) async throws {
        guard let resource = resources.lazy.compactMap({ $0 as? ImageStreamMappingResource }).first else {
            throw APIError.internalError("no mappings")
        }
        _ = try await resource.create(mapping, options: options, context)
    }
}
