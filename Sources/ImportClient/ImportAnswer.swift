import APIMachinery
import JSON

/// What came of one tag.
package struct ImportedTag: Sendable, Equatable {
    package var name: String
    package var outcome: Outcome

    package enum Outcome: Sendable, Equatable {
        case image(Facts)
        /// What the server says.
        case failure(String)
    }

    /// What is shown of an image.
    package struct Facts: Sendable, Equatable {
        package var digest: String
        /// Bytes; 0 where nobody knows, as for lists of images.
        package var size: Int64
        /// Images in a list.
        package var manifests: Int
        /// When the image was built; zero where it does not say.
        package var created: Timestamp
    }

    package var facts: Facts? { if case .image(let facts) = outcome { facts } else { nil } }
    package var failure: String? { if case .failure(let text) = outcome { text } else { nil } }
}

/// The answer to one ImageStreamImport.
struct ImportAnswer: Equatable {
    var tags: [ImportedTag] = []
    /// Tags of the repository beyond the server's limit.
    var rest: [String] = []
    /// Why the tags of the repository cannot be listed.
    var listingFailure: String?
    /// The stream afterwards; nil where the server does not show it.
    var stream: JSONValue?

    /// - Parameter wanted: the tags that were asked for, in the order of the request: the answer has those of the source.
    init(_ document: JSONValue, wanted: [ImportPlan.Tag] = []) {
        let status = document["status"]
        if let found = status?["import"], !found.isNull { stream = found }
        if let repository = status?["repository"], !repository.isNull {
            tags = (repository["images"]?.arrayValue ?? []).map {
                Self.tag($0, named: $0["tag"]?.stringValue ?? "")
            }
            rest = (repository["additionalTags"]?.arrayValue ?? []).compactMap(\.stringValue)
            if tags.isEmpty, repository["status"]?["status"]?.stringValue == "Failure" {
                listingFailure = Self.message(repository["status"])
            }
        }
        let images = Array(status?["images"]?.arrayValue ?? [])
        tags += wanted.enumerated().map { index, tag in
            guard index < images.count else {
                return ImportedTag(name: tag.name, outcome: .failure("the server does not say what came of it"))
            }
            return Self.tag(images[index], named: tag.name)
        }
    }

    private static func tag(_ entry: JSONValue, named name: String) -> ImportedTag {
        guard entry["status"]?["status"]?.stringValue != "Failure", let image = entry["image"], !image.isNull,
            let digest = image["metadata"]?["name"]?.stringValue
        else { return ImportedTag(name: name, outcome: .failure(message(entry["status"]))) }
        let metadata = image["dockerImageMetadata"]
        let created = metadata?["Created"]?.stringValue.flatMap { try? Timestamp(parsing: $0) }
        return ImportedTag(
            name: name,
            outcome: .image(
                .init(
                    digest: digest, size: metadata?["Size"]?.integerValue ?? 0,
                    manifests: image["dockerImageManifests"]?.arrayValue?.count ?? 0, created: created ?? Timestamp())))
    }

    private static func message(_ status: JSONValue?) -> String {
        let message = status?["message"]?.stringValue ?? ""
        return message.isEmpty ? status?["reason"]?.stringValue ?? "the server does not say why" : message
    }
}
