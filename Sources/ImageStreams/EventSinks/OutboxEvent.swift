import APIMachinery
import ImageAPI
import JSON
import Store

/// One entry of the outbox: something that happened to a stream or a tag.
public struct OutboxEvent: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        case tagCreated = "TagCreated"
        case tagMoved = "TagMoved"
        case tagDeleted = "TagDeleted"
        /// Very many tags at once.
        case tagsChanged = "TagsChanged"
        case streamDeleted = "StreamDeleted"
        case importFailed = "ImportFailed"
        case importRecovered = "ImportRecovered"
    }

    /// Identifies the event, also when it is delivered again.
    public var id: String
    public var kind: Kind
    public var time: Timestamp
    public var namespace: String
    public var stream: String
    public var streamUID: String
    /// Empty for what is about a stream.
    public var tag: String
    public var actor: String
    public var client: String
    public var cause: String
    public var request: String
    public var from: TagEvent?
    public var to: TagEvent?
    /// Of an import that failed.
    public var reason: String
    public var message: String

    /// - Parameters:
    ///   - key: the store's.
    ///   - value: as `LedgerRows` wrote it.
    /// - Returns: nil for what cannot be read.
    public init?(key: String, value: [UInt8]) {
        guard key.hasPrefix(LedgerKeys.outbox), let row = try? JSONValue.parse(value) else { return nil }
        func text(_ key: String) -> String { row[key]?.stringValue ?? "" }
        guard let kind = Kind(rawValue: text("kind")) else { return nil }
        self.kind = kind
        id = String(key.dropFirst(LedgerKeys.outbox.count))
        time = (try? Timestamp(parsing: text("time"))) ?? Timestamp()
        namespace = text("namespace")
        stream = text("stream")
        streamUID = text("streamUID")
        tag = text("tag")
        actor = text("actor")
        client = text("client")
        cause = text("cause")
        request = text("request")
        from = row["from"].flatMap { try? TagEvent.decode($0.jsonBytes()) }
        to = row["to"].flatMap { try? TagEvent.decode($0.jsonBytes()) }
        reason = text("reason")
        message = text("message")
    }

    /// The row of an import that failed, or was good again.
    ///
    /// - Parameter failure: reason and message; nil for one that was good.
    public static func importRow(
        namespace: String, stream: String, streamUID: String, tag: String, failure: (reason: String, message: String)?,
        actor: String, now: Timestamp
    ) -> Mutation {
        var row = JSONObject()
        row["kind"] = .string((failure == nil ? Kind.importRecovered : .importFailed).rawValue)
        row["time"] = .string(now.description)
        row["namespace"] = .string(namespace)
        row["stream"] = .string(stream)
        row["streamUID"] = .string(streamUID)
        row["tag"] = .string(tag)
        row["actor"] = .string(actor)
        row["cause"] = "import"
        if let failure {
            row["reason"] = .string(failure.reason)
            row["message"] = .string(String(failure.message.unicodeScalars.prefix(2_048)))
        }
        return .put(
            key: LedgerKeys.outboxEntry(OrderedIDs.shared.next()), value: JSONValue.object(row).jsonBytes())
    }
}

/// What a sink wants to hear of.
public struct EventFilter: Sendable {
    private let streams: NamePatterns
    private let tags: NamePatterns
    private let kinds: NamePatterns
    private let namespace: String
    private let format: EventSinkFormat

    public init(_ sink: EventSink) {
        namespace = sink.metadata.namespace
        streams = NamePatterns(sink.spec.streams)
        tags = NamePatterns(sink.spec.tags)
        kinds = NamePatterns(sink.spec.events)
        format = EventSinkFormat(rawValue: sink.spec.format) ?? .cloudEvents
    }

    public func matches(_ event: OutboxEvent) -> Bool {
        guard event.namespace == namespace, kinds.matches(event.kind.rawValue), streams.matches(event.stream),
            tags.isEmpty || !event.tag.isEmpty && tags.matches(event.tag)
        else { return false }
        if format == .distribution {
            return [.tagCreated, .tagMoved, .tagDeleted].contains(event.kind)
        }
        return true
    }
}
