public import JSON

/// An image's configuration blob: only that it is a JSON object, and the platform it names.
///
/// Helm charts and other artifacts have configs of their own shape; they are accepted too, with empty members.
public struct ImageConfig: Sendable {
    public let architecture: String
    public let os: String
    public let variant: String
    /// Everything, for whoever builds the metadata document of an Image.
    public let json: JSONObject

    /// Bytes accepted at most.
    public static let maxBytes = 8 << 20

    public init(parsing bytes: [UInt8]) throws(ManifestError) {
        json = try LooseObject.parseObject(bytes, limit: Self.maxBytes)
        let object = LooseObject(json)
        architecture = (try? object.string("architecture")) ?? ""
        os = (try? object.string("os")) ?? ""
        variant = (try? object.string("variant")) ?? ""
    }
}
