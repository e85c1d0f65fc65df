import HTTPTypes
import ImageAPI
import JSON

/// What a push by tag may demand of the tag as it is now (spec/registry.md P-12).
struct PushPreconditions: Hashable, Sendable {
    private let match: String?
    private let noneMatch: String?

    init(_ headers: HTTPFields) {
        match = EntityTags.list(.ifMatch, in: headers)
        noneMatch = EntityTags.list(.ifNoneMatch, in: headers)
    }

    /// - Throws: 412 with what the tag is now.
    func check(_ tags: [String], in stream: ImageStream) throws(RegistryError) {
        guard match != nil || noneMatch != nil else { return }
        for tag in tags {
            let current = stream.status.newestEvent(of: tag)?.image
            if let match, !(current.map { EntityTags.contains(match, $0) } ?? false) { throw Self.failed(current) }
            if let noneMatch, let current, EntityTags.contains(noneMatch, current) { throw Self.failed(current) }
        }
    }

    private static func failed(_ current: String?) -> RegistryError {
        RegistryError(
            412, .denied, "the tag is not what the request expects",
            detail: ["current": current.map { .string($0) } ?? .null])
    }
}
