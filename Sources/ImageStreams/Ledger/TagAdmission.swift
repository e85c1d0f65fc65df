import APIMachinery
import APIServer
import ImageAPI

/// What a member of the admission chain sees of a write that changes tags (design, section 1.1).
public struct TagAdmissionRequest: Sendable {
    /// Nil for a new stream.
    public var old: ImageStream?
    public var new: ImageStream
    /// The tags whose newest event changes; may be empty where only the spec does.
    public var changes: [TagChange]
    public var context: RequestContext
}

/// A member of the chain that every write to a tag passes before it is stored: quota, protection, verification.
public protocol TagAdmission: Sendable {
    /// - Throws: `APIError`, which refuses the write.
    func admit(_ request: TagAdmissionRequest) async throws
}

/// The limits of a namespace on its streams (spec/image-resources.md 9.12).
public protocol ImageStreamLimits: Sendable {
    /// - Returns: one text for each exceeded limit: `requested usage of … exceeds the maximum limit per …`.
    /// - Throws: `APIError` where the limits are not known.
    func violations(of new: ImageStream, old: ImageStream?) async throws -> [String]

    /// How large pushed images may be, in bytes: `max.storage` of each limit of type `openshift.io/Image` (19.2).
    /// - Throws: `APIError` where the limits are not known.
    func imageSizes(in namespace: String) async throws -> [Quantity]
}

extension ImageStreamLimits {
    public func imageSizes(in namespace: String) async throws -> [Quantity] { [] }
}

/// Where nothing is limited.
public struct NoImageStreamLimits: ImageStreamLimits {
    public init() {}
    public func violations(of new: ImageStream, old: ImageStream?) async throws -> [String] { [] }
}
