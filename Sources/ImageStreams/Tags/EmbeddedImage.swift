import APIMachinery
import ImageAPI

/// Images as they are shown inside other objects (spec/image-resources.md 7.6).
enum EmbeddedImage {
    /// Completes an Image and takes out manifest and config.
    /// - Throws: 500 for an Image that cannot be completed.
    static func complete(_ image: Image, now: Timestamp) throws(APIError) -> Image {
        var shown = image
        do throws(ImageMetadata.Failure) {
            try ImageMetadata.fill(&shown, now: now)
        } catch {
            throw .plain(error.text)
        }
        shown.dockerImageManifest = ""
        shown.dockerImageConfig = ""
        return shown
    }
}
