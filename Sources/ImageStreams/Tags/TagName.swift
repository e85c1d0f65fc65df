import APIMachinery

/// The name of a tag as a resource: `<stream>:<tag>` (spec/image-resources.md 12.1).
struct TagName: Hashable, Sendable {
    var stream: String
    var tag: String

    init(stream: String, tag: String) {
        self.stream = stream
        self.tag = tag
    }

    /// The name of a tag that exists: exactly one `:`, no `@`, no empty part.
    /// - Parameter noun: what the resource calls its objects: `ImageStreamTags`.
    /// - Throws: 400.
    init(existing name: String, noun: String) throws(APIError) {
        let parts = name.parts(at: ":")
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, name.parts(at: "@").count == 1 else {
            throw .badRequest("\(noun) must be retrieved with <name>:<tag>")
        }
        stream = parts[0]
        tag = parts[1]
    }

    /// The name of a tag that is created: split at the first `:`, an empty tag means `latest`.
    /// - Throws: 500 for a name without `:`, 400 for one without a stream.
    init(created name: String) throws(APIError) {
        guard let colon = name.unicodeScalars.firstIndex(of: ":") else {
            throw .plain("\(goQuoted(name)) must be of the form <stream_name>:<tag>")
        }
        stream = String(name.unicodeScalars[..<colon])
        tag = Self.tagPart(of: name)
        if stream.isEmpty { throw .badRequest("Name parameter required.") }
    }

    /// What follows the first `:`; `latest` where nothing does.
    static func tagPart(of name: String) -> String {
        guard let colon = name.unicodeScalars.firstIndex(of: ":") else { return TagResolution.defaultTag }
        return String(name.unicodeScalars[name.unicodeScalars.index(after: colon)...]).nonEmpty
            ?? TagResolution.defaultTag
    }

    var description: String { "\(stream):\(tag)" }

    /// The name under which a list shows a tag; a tag without a name is shown as `latest`.
    static func joined(_ stream: String, _ tag: String) -> String {
        "\(stream):\(tag.nonEmpty ?? TagResolution.defaultTag)"
    }
}

extension String {
    /// The parts between separators, empty ones included. A separator counts also where a combining character follows it:
    /// names are bytes, not what they look like.
    func parts(at separator: Unicode.Scalar) -> [String] {
        unicodeScalars.split(separator: separator, omittingEmptySubsequences: false).map { String($0) }
    }
}
