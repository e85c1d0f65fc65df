import APIMachinery
import ImageAPI
import OCI

/// Defaults and normal form of what clients send and the server makes (spec/image-resources.md 5).
struct ImageStreamDefaults: Sendable {
    /// The import mode of tags that name none.
    var importMode: String

    func apply(to tag: inout TagReference) { tag.applyDefaults(importMode: importMode) }

    /// Defaults, and tags as the map they are: later entries win, sorted by name.
    func apply(to stream: inout ImageStream) {
        stream.applyDefaults(importMode: importMode)
        stream.normalize()
    }

    func apply(to request: inout ImageStreamImport) {
        request.applyDefaults(importMode: importMode) { (try? ImageReference(parsing: $0))?.tag.nonEmpty }
    }
}
