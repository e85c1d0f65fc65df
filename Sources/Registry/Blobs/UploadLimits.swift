import APIMachinery
import Blobs
import Logging

/// How large a blob a namespace lets in (spec/registry.md U-24, 5.7): no layer may be larger than an image may be.
struct UploadLimits: Sendable {
    let core: RegistryCore

    /// - Throws: 403 with the limit in its text.
    func check(_ bytes: Int64, in namespace: String) async throws {
        guard bytes > 0 else { return }
        let size = Quantity(bytes, format: .binarySI)
        for limit in try await core.streams.maximumImageSizes(in: namespace) where size.exceeds(limit) {
            throw RegistryError.denied(
                "requested usage of storage exceeds the maximum limit per openshift.io/Image (\(size) > \(limit))")
        }
    }
}

extension RegistryError {
    /// What a failure of the storage is to clients (spec/registry.md W-4).
    init(_ error: BlobError, logger: Logger, request: String) {
        switch error {
        case .busy:
            self = RegistryError(409, .blobUploadInvalid, "another request is working on this upload")
        case .uploadUnknown: self = .unknownUpload
        case .tooManyUploads: self = RegistryError(429, .tooManyRequests, "\(error)", headers: [.retryAfter: "1"])
        case .digestMismatch(let expected, let actual):
            self = .invalidDigest(expected.description, "the content is \(actual)")
        case .tooLarge: self = RegistryError(413, .sizeInvalid, "the blob is too large")
        case .full, .tooManyStagedBytes, .readOnly, .closed:
            logger.error("the blob storage refuses", metadata: ["request": "\(request)", "error": "\(error)"])
            self = .unavailable("\(error)", retryAfter: 60)
        case .corrupt, .locked, .infoTooLong, .io:
            logger.error("the blob storage failed", metadata: ["request": "\(request)", "error": "\(error)"])
            self = RegistryError(500, .unknown, "unknown error", detail: ["request": .string(request)])
        }
    }
}
