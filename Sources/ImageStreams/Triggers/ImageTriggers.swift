import APIMachinery
import ImageAPI
import JSON

/// The annotation `image.openshift.io/triggers`: containers that follow tags (spec/image-resources.md 21,
/// import-and-controllers.md D.2). Pure.
public struct ImageTriggers: Hashable, Sendable {
    /// One container that follows one tag.
    public struct Trigger: Hashable, Sendable {
        /// Empty for the namespace of the object.
        public var namespace: String
        /// `<stream>:<tag>`.
        public var name: String
        /// `<pod spec path>.containers[SEL].image`.
        public var fieldPath: String
        public var isPaused: Bool
    }

    /// Why nothing of an object is updated.
    public enum Failure: Error, Hashable, Sendable {
        case undecodable(String)
        case duplicate
        case invalidPath(String)
        case noSuchContainer(String)

        public var text: String {
            switch self {
            case .undecodable(let problem): "the annotation \(KnownAnnotation.triggers) cannot be read: \(problem)"
            case .duplicate: "duplicate triggers are not allowed"
            case .invalidPath(let path): "field path is not valid: \(path)"
            case .noSuchContainer(let path): "no such container: \(path)"
            }
        }
    }

    public var triggers: [Trigger]

    /// Triggers beyond this many are refused.
    static let maximumTriggers = 1_000

    /// - Parameter text: the value of the annotation. Members that are not known are ignored, as are references of
    ///   other kinds and versions.
    public init(parsing text: String) throws(Failure) {
        let document: JSONValue
        do { document = try JSONValue.parse(Array(text.utf8)) } catch { throw .undecodable(error.message) }
        guard let elements = document.arrayValue else { throw .undecodable("it is no list") }
        guard elements.count <= Self.maximumTriggers else { throw .undecodable("it is too long") }
        var paths = Set<String>()
        var triggers: [Trigger] = []
        for element in elements {
            let path = try Self.text(element, "fieldPath")
            guard paths.insert(path).inserted else { throw .duplicate }
            let from = element["from"] ?? .null
            let trigger = Trigger(
                namespace: try Self.text(from, "namespace"), name: try Self.text(from, "name"), fieldPath: path,
                isPaused: try Self.flag(element["paused"]))
            let kind = try Self.text(from, "kind")
            if kind == "ImageStreamTag", try Self.text(from, "apiVersion").isEmpty { triggers.append(trigger) }
        }
        self.triggers = triggers
    }

    private static func text(_ value: JSONValue, _ key: String) throws(Failure) -> String {
        guard value.isNull || value.objectValue != nil else { throw .undecodable("\(value.typeName) is no object") }
        guard let member = value[key], !member.isNull else { return "" }
        guard let text = member.stringValue else { throw .undecodable("\(key) is no string") }
        return text
    }

    private static func flag(_ value: JSONValue?) throws(Failure) -> Bool {
        guard let value, !value.isNull else { return false }
        guard let flag = value.boolValue else { throw .undecodable("paused is neither true nor false") }
        return flag
    }

    // MARK: Resolution

    /// The pull spec of the newest image of a tag, for those who deploy it (import-and-controllers.md D.3, F.2).
    ///
    /// - Parameter internalRegistry: stands in where the stream does not tell its repository yet; may be empty.
    /// - Returns: nil for a tag without history. Imports that failed or are under way do not count.
    public static func pullSpec(of stream: ImageStream, tag: String, internalRegistry: String) -> String? {
        guard let event = stream.status.head(of: tag.nonEmpty ?? TagResolution.defaultTag) else { return nil }
        var located = stream
        if located.status.dockerImageRepository.isEmpty && !internalRegistry.isEmpty {
            located.status.dockerImageRepository =
                "\(internalRegistry)/\(stream.metadata.namespace)/\(stream.metadata.name)"
        }
        return TagPullSpec.shown(of: event, tag: stream.spec.tag(tag), in: located)
    }

    /// A container whose image differs from the newest one of its tag.
    public struct Update: Hashable, Sendable {
        /// Where the image is: a JSON pointer.
        public var pointer: String
        public var pullSpec: String
    }

    /// What has to change in an object, so that its containers run the newest images.
    ///
    /// - Parameters:
    ///   - podSpecPath: members that lead to the pod spec, as `["spec", "template", "spec"]`.
    ///   - pullSpec: of the newest image of `<stream>:<tag>`; nil where there is none, and nothing happens.
    /// - Throws: `invalidPath` and `noSuchContainer`: nothing of the object may be updated then.
    public func updates(
        of object: JSONValue, podSpecPath: [String], namespace: String,
        pullSpec: (_ namespace: String, _ stream: String, _ tag: String) throws -> String?
    ) throws -> [Update] {
        let podSpec = podSpecPath.reduce(Optional(object)) { $0?[$1] }
        let base = podSpecPath.joined(separator: ".") + "."
        var updates: [Update] = []
        for trigger in triggers where !trigger.isPaused && trigger.fieldPath.hasPrefix(base) {
            guard let selector = ContainerSelector(trigger.fieldPath.dropFirst(base.count)) else {
                throw Failure.invalidPath(trigger.fieldPath)
            }
            guard let (list, index, image) = selector.container(in: podSpec) else {
                throw Failure.noSuchContainer(trigger.fieldPath)
            }
            let parts = trigger.name.parts(at: ":")
            guard parts.count == 2,
                let wanted = try pullSpec(trigger.namespace.nonEmpty ?? namespace, parts[0], parts[1]), wanted != image
            else { continue }
            updates.append(
                Update(
                    pointer: "/" + (podSpecPath + [list, "\(index)", "image"]).joined(separator: "/"), pullSpec: wanted)
            )
        }
        return updates
    }
}
