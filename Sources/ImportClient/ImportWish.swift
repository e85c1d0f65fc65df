import JSON
import OCI

/// What somebody wants to have imported, as `oc import-image` understands it (spec/import-and-controllers.md A.28).
package struct ImportWish: Sendable {
    package var namespace: String
    /// The name of the stream.
    package private(set) var stream: String
    /// Of the stream; nil for all tags.
    package private(set) var tag: String?
    /// What was given as the name: it is the source of a new stream where no other is named.
    private let target: String
    /// The source; nil where the stream knows it.
    package var from: String?
    /// A stream may be made, and get another source.
    package var isConfirmed = false
    package var isScheduled = false
    /// Nil for what the stream and its tags say.
    package var isInsecure: Bool?
    /// `Source` or `Local`; nil for what the tag says.
    package var referencePolicy: String?
    /// `Legacy` or `PreserveOriginal`; nil for what the tag says.
    package var importMode: String?

    /// - Parameters:
    ///   - target: `NAME[:TAG]`, or the pull spec of an image, whose last name is that of the stream.
    ///   - all: all tags of the repository, or of the stream.
    /// - Throws: where that means nothing.
    package init(_ target: String, all: Bool, namespace: String) throws(ImportRefusal) {
        let reference: ImageReference
        do { reference = try ImageReference(parsing: target) } catch {
            throw ImportRefusal("\"\(target)\" must be NAME[:TAG] of an image stream: \(error.text)")
        }
        guard reference.id.isEmpty else {
            throw ImportRefusal("\"\(target)\" names an image by its digest, which a tag has to be set to instead")
        }
        guard reference.tag.isEmpty || !all else { throw ImportRefusal("\"\(target)\" names a tag: leave out --all") }
        self.namespace = namespace
        self.target = target
        stream = reference.name
        tag = all ? nil : reference.tag.isEmpty ? Self.defaultTag : reference.tag
    }

    static let defaultTag = "latest"

    /// Where a new stream imports from.
    var newSource: String { from ?? target }
}

/// Why there is nothing to send, in words for the person who asked.
package struct ImportRefusal: Error, CustomStringConvertible, Equatable {
    package let description: String

    init(_ text: String) { description = text }
}
