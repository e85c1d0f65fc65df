/// The platform a list entry is for. Absent members are empty.
public struct Platform: Hashable, Sendable {
    public var architecture: String
    public var os: String
    public var variant: String
    public var osVersion: String

    public init(architecture: String, os: String, variant: String = "", osVersion: String = "") {
        self.architecture = architecture
        self.os = os
        self.variant = variant
        self.osVersion = osVersion
    }
}

/// A pointer to content: what it is, which bytes, how many.
public struct Descriptor: Hashable, Sendable {
    public var mediaType: String
    public var digest: Digest
    /// Bytes; never negative. What a registry claims, not what was counted.
    public var size: Int64
    /// Only in list entries.
    public var platform: Platform?
    public var artifactType: String?
    public var annotations: [String: String]

    public init(
        mediaType: String, digest: Digest, size: Int64, platform: Platform? = nil, artifactType: String? = nil,
        annotations: [String: String] = [:]
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.platform = platform
        self.artifactType = artifactType
        self.annotations = annotations
    }
}

/// A descriptor whose digest is any text: what API objects may carry (`spec/image-resources.md` 7.2 step 4).
public struct LooseDescriptor: Hashable, Sendable {
    public var mediaType = ""
    public var digest = ""
    public var size: Int64 = 0
    public var platform: Platform?
    public var artifactType: String?
    public var annotations: [String: String] = [:]

    public init(mediaType: String = "", digest: String = "", size: Int64 = 0, platform: Platform? = nil) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.platform = platform
    }
}
