import Configuration
import ImageStreams

/// The image policy that clusters can ask by webhook.
public struct ImagePolicySettings: Sendable, Hashable {
    /// Path of an `ImagePolicyConfig`; empty for local name resolution alone.
    public var file = ""
    /// Anybody may ask: API servers of clusters call webhooks without credentials unless they are told to.
    public var isPublic = false

    init(_ reader: ConfigReader) {
        file = reader.string(forKey: "imagePolicy", default: "")
        isPublic = reader.bool(forKey: "imagePolicyPublic", default: false)
    }

    /// - Throws: `WeirConfiguration.Invalid` for a file that cannot be read or means nothing.
    func policy() throws -> ImagePolicyConfiguration {
        if file.isEmpty { return ImagePolicyConfiguration() }
        guard let text = SystemFile.text(of: file) else {
            throw WeirConfiguration.Invalid(description: "the image policy \(file) cannot be read")
        }
        do { return try ImagePolicyConfiguration(yaml: text) } catch {
            throw WeirConfiguration.Invalid(description: "the image policy \(file) is wrong:\n\(error)")
        }
    }
}
