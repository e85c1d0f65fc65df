import ImageAPI
import JSON
import OCI

/// What a call to a webhook says was pushed. A hint: nothing of it is believed, the registry is asked. Pure.
public enum WebhookPayload {
    public enum Format: String, Sendable, CaseIterable {
        case dockerhub, quay, harbor, ghcr, gitlab
        case ecr = "ecr-eventbridge"
        case distribution, cloudevents, generic
    }

    /// An image that may have changed.
    public struct Hint: Hashable, Sendable {
        /// Host and perhaps port; nil where the call does not say.
        public var host: String?
        public var path: String
        /// Nil for any tag.
        public var tag: String?

        public init(host: String? = nil, path: String, tag: String? = nil) {
            self.host = host
            self.path = path
            self.tag = tag
        }

        /// Reads `host/path:tag`.
        init?(reference text: String, tag: String? = nil) {
            guard let reference = try? ImageReference(parsing: text), let name = try? reference.normalizedRepository()
            else { return nil }
            self.init(host: name.host, path: name.path, tag: tag ?? reference.tag.nonEmpty)
        }

        /// Whether a tag that follows a pull spec is meant.
        ///
        /// - Parameter registry: the host that pull specs name, where it is not the call's.
        public func matches(_ from: String, registry: String) -> Bool {
            guard let reference = try? ImageReference(parsing: from), reference.id.isEmpty,
                let name = try? reference.normalizedRepository()
            else { return false }
            let host = registry.nonEmpty ?? self.host
            return (host == nil || host == name.host) && path == name.path
                && (tag == nil || tag == (reference.tag.nonEmpty ?? TagResolution.defaultTag))
        }
    }

    /// Hints of one call.
    static let maximumHints = 100
    static let maximumBytes = 1 << 20

    /// - Returns: nil for what is no such call; empty for one that is about something else.
    public static func hints(_ body: [UInt8], _ format: Format) -> [Hint]? {
        guard let value = try? JSONValue.parse(body, limits: JSONLimits(depth: 64, bytes: maximumBytes)),
            value.objectValue != nil
        else { return nil }
        var seen: Set<Hint> = []
        return Array(read(value, format).filter { seen.insert($0).inserted }.prefix(maximumHints))
    }

    private static func read(_ value: JSONValue, _ format: Format) -> [Hint] {
        switch format {
        case .dockerhub:
            guard let path = text(value["repository"]?["repo_name"]), let tag = text(value["push_data"]?["tag"]) else {
                return []
            }
            return [Hint(host: "docker.io", path: path.contains("/") ? path : "library/\(path)", tag: tag)]
        case .quay: return quay(value)
        case .harbor: return harbor(value["event_data"])
        case .ghcr: return ghcr(value)
        case .ecr: return ecr(value)
        case .distribution, .gitlab: return notifications(value)
        case .cloudevents: return cloudEvent(value)
        case .generic: return generic(value)
        }
    }

    private static func text(_ value: JSONValue?) -> String? {
        guard let text = value?.stringValue, !text.isEmpty, text.utf8.count <= 512 else { return nil }
        return text
    }

    private static func list(_ value: JSONValue?) -> [JSONValue] {
        Array((value?.arrayValue?.elements ?? []).prefix(maximumHints))
    }

    private static func quay(_ value: JSONValue) -> [Hint] {
        guard let reference = text(value["docker_url"]) else { return [] }
        // An object in old versions: tag to image.
        let tags =
            value["updated_tags"]?.objectValue.map { object in object.prefix(maximumHints).map(\.0) }
            ?? list(value["updated_tags"]).compactMap { text($0) }
        return tags.compactMap { Hint(reference: reference, tag: $0) }
    }

    private static func harbor(_ data: JSONValue?) -> [Hint] {
        list(data?["resources"]).compactMap { resource in
            guard let url = text(resource["resource_url"]), let tag = text(resource["tag"]) else { return nil }
            let bare = url.split(separator: "@").first.map(String.init) ?? url
            return Hint(reference: bare, tag: tag)
        }
    }

    private static func ghcr(_ value: JSONValue) -> [Hint] {
        let package = value["registry_package"] ?? value["package"]
        let version = package?["package_version"]
        guard let name = text(package?["name"]),
            let owner = text(package?["namespace"]) ?? text(package?["owner"]?["login"]),
            let tag = text(version?["container_metadata"]?["tag"]?["name"])
        else { return [] }
        let path = name.contains("/") ? name : "\(owner.split(separator: "/").first ?? "")/\(name)"
        return [Hint(host: "ghcr.io", path: path.lowercased(), tag: tag)]
    }

    private static func ecr(_ value: JSONValue) -> [Hint] {
        let detail = value["detail"]
        guard detail?["action-type"] == "PUSH", detail?["result"] != "FAILURE",
            let account = text(value["account"]), let region = text(value["region"]),
            let path = text(detail?["repository-name"])
        else { return [] }
        return [Hint(host: "\(account).dkr.ecr.\(region).amazonaws.com", path: path, tag: text(detail?["image-tag"]))]
    }

    private static func notifications(_ value: JSONValue) -> [Hint] {
        list(value["events"]).compactMap { event in
            guard event["action"] == "push", let path = text(event["target"]?["repository"]),
                let tag = text(event["target"]?["tag"])
            else { return nil }
            return Hint(host: text(event["request"]?["host"]), path: path, tag: tag)
        }
    }

    private static func cloudEvent(_ value: JSONValue) -> [Hint] {
        let data = value["data"] ?? value
        if let reference = text(data["to"]?["dockerImageReference"]), let tag = text(data["tag"]) {
            return [Hint(reference: reference, tag: tag)].compactMap { $0 }
        }
        let resources = harbor(data)
        return resources.isEmpty ? generic(data) : resources
    }

    private static func generic(_ value: JSONValue) -> [Hint] {
        if let repository = text(value["repository"]) {
            return [Hint(reference: repository, tag: text(value["tag"]))].compactMap { $0 }
        }
        let images = [value["image"]].compactMap { $0 } + list(value["images"])
        return images.compactMap { text($0).flatMap { Hint(reference: $0) } }
    }
}

/// The streams that a receiver is for.
public struct WebhookStreams: Sendable {
    private let streams: NamePatterns
    private let namespace: String
    /// Nil for none besides its own.
    private let namespaces: NamePatterns?

    public init(_ receiver: WebhookReceiver) {
        streams = NamePatterns(receiver.spec.streams)
        namespace = receiver.metadata.namespace
        namespaces = receiver.spec.namespaces.isEmpty ? nil : NamePatterns(receiver.spec.namespaces)
    }

    public func contains(_ name: String) -> Bool { streams.matches(name) }

    /// The namespaces that are meant, its own first.
    /// - Parameter all: reads those that have streams.
    public func namespaces(of all: () async throws -> [String]) async throws -> [String] {
        guard let namespaces else { return [namespace] }
        return [namespace] + (try await all()).filter { $0 != namespace && namespaces.matches($0) }
    }
}
