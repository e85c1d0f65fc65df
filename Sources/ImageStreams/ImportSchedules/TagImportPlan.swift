import APIMachinery
import ImageAPI

/// What is to be done by itself for one tag of a stream: looked at by a schedule, tried again after a failure. Pure.
public struct TagImportPlan: Hashable, Sendable {
    public var tag: String
    /// The pull spec, as the tag says it.
    public var from: String
    public var importMode: String
    public var isInsecure: Bool
    public var preferredArchitecture: String
    public var preferredOS: String
    /// Nil for a tag that is not scheduled.
    public var cadence: ImportCadence?
    public var retries: ImportRetries
    /// The name of the tag's newest Image; empty for none.
    public var image: String
    /// The spec asks for an import that has not been made yet: that is somebody else's.
    public var isDue: Bool
    /// Why the last import failed; nil where it did not.
    public var failure: Failure?
    /// What the tag says of its next try.
    public var retryNote: String

    public init(
        tag: String, from: String, importMode: String = "Legacy", isInsecure: Bool = false,
        preferredArchitecture: String = "", preferredOS: String = "", cadence: ImportCadence? = nil,
        retries: ImportRetries = .unlimited, image: String = "", isDue: Bool = false, failure: Failure? = nil,
        retryNote: String = ""
    ) {
        self.tag = tag
        self.from = from
        self.importMode = importMode
        self.isInsecure = isInsecure
        self.preferredArchitecture = preferredArchitecture
        self.preferredOS = preferredOS
        self.cadence = cadence
        self.retries = retries
        self.image = image
        self.isDue = isDue
        self.failure = failure
        self.retryNote = retryNote
    }

    public struct Failure: Hashable, Sendable {
        public var reason: String
        public var message: String
        /// Seconds since 1970.
        public var time: Int64

        public init(reason: String, message: String, time: Int64) {
            self.reason = reason
            self.message = message
            self.time = time
        }

        public var failureClass: ImportFailureClass { ImportFailureClass(reason: reason, message: message) }
        /// Equal for failures that are the same to people.
        public var fingerprint: String { String(StableHash.of("\(reason)\u{0}\(message)"), radix: 36) }
    }

    /// Whoever changes this begins anew: tries that were made were for something else.
    public var identity: String {
        let parts = [from, importMode, "\(isInsecure)", preferredArchitecture, preferredOS]
        return String(StableHash.of(parts.joined(separator: "\u{0}")), radix: 36)
    }
}

extension ImportDecision {
    /// What is to be done by itself for the tags of a stream, in the order of their names. Tags for which that is
    /// nothing are left out.
    public static func plans(of stream: ImageStream, settings: ImportSettings) -> [TagImportPlan] {
        guard stream.metadata.deletionTimestamp == nil else { return [] }
        return stream.spec.tags.compactMap { tag in
            guard isImportable(tag), let from = tag.from else { return nil }
            var plan = plan(of: tag, from: from.name, in: stream)
            let isScheduled = settings.isScheduleEnabled && isScheduled(tag, in: stream)
            guard isScheduled || plan.failure != nil else { return nil }
            let annotations = ImportAnnotations(
                tag: tag.annotations, stream: stream.metadata.annotations, settings: settings)
            plan.cadence = isScheduled ? annotations.cadence : nil
            plan.retries = annotations.retries
            return plan
        }
    }

    /// The tags of a stream whose pull specs are meant, scheduled or not.
    public static func candidates(in stream: ImageStream, _ isMeant: (String) -> Bool) -> [TagImportPlan] {
        guard stream.metadata.deletionTimestamp == nil else { return [] }
        return stream.spec.tags.compactMap { tag in
            guard isImportable(tag), let from = tag.from, isMeant(from.name) else { return nil }
            return plan(of: tag, from: from.name, in: stream)
        }
    }

    /// The tag of a name, scheduled or not; nil where nothing can be imported to it.
    public static func candidate(_ name: String, in stream: ImageStream) -> TagImportPlan? {
        guard stream.metadata.deletionTimestamp == nil, let tag = stream.spec.tag(name), isImportable(tag),
            let from = tag.from
        else { return nil }
        return plan(of: tag, from: from.name, in: stream)
    }

    private static func plan(of tag: TagReference, from: String, in stream: ImageStream) -> TagImportPlan {
        let status = stream.status.tag(tag.name)
        let condition = status?.conditions.first { $0.type == ImportCondition.type && $0.status == "False" }
        return TagImportPlan(
            tag: tag.name, from: from, importMode: tag.importPolicy.importMode, isInsecure: tag.importPolicy.insecure,
            preferredArchitecture: tag.annotations[KnownAnnotation.preferredArchitecture] ?? "",
            preferredOS: tag.annotations[KnownAnnotation.preferredOS] ?? "", image: status?.items.first?.image ?? "",
            isDue: isDue(tag, in: stream),
            failure: condition.map {
                .init(reason: $0.reason, message: $0.message, time: $0.lastTransitionTime.secondsSince1970)
            },
            retryNote: status?.conditions.first { $0.type == ImportCondition.retry }?.message ?? "")
    }

    /// Whether the spec of a stream has a tag.
    public static func hasTag(_ name: String, _ stream: ImageStream) -> Bool { stream.spec.tag(name) != nil }

    /// The import of some tags of a stream, whether they are due or not, bound to the stream's revision; nil where none
    /// of them is there to be imported.
    public static func request(for stream: ImageStream, tags: Set<String>) -> ImageStreamImport? {
        var request = ImageStreamImport()
        request.metadata.name = stream.metadata.name
        request.metadata.namespace = stream.metadata.namespace
        request.metadata.resourceVersion = stream.metadata.resourceVersion
        request.metadata.uid = stream.metadata.uid
        request.spec.import = true
        for tag in stream.spec.tags where tags.contains(tag.name) && isImportable(tag) {
            guard let from = tag.from else { continue }
            request.spec.images.append(
                ImageImportSpec(
                    from: ObjectReference(kind: from.kind, name: from.name), to: LocalObjectReference(name: tag.name),
                    importPolicy: tag.importPolicy, referencePolicy: tag.referencePolicy))
        }
        return request.spec.images.isEmpty ? nil : request
    }
}
