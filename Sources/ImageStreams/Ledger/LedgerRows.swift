import APIMachinery
import APIServer
import ImageAPI
import JSON
import Store

/// The rows that go with one write of a stream: history and outbox, one each for every tag that changed, and the index
/// of the images the stream refers to.
struct LedgerRows {
    var write: ObjectWrite<ImageStream>
    var ids: OrderedIDs

    func mutations() -> [Mutation] {
        guard let stream = write.new ?? write.old else { return [] }
        let changes = TagChange.between(write.old, write.new)
        return references(of: stream.metadata, changes)
            + (write.new == nil ? removal(of: stream) : histories(of: stream, changes))
    }

    /// Beyond this many tags in one write the outbox gets one row for all of them, so that the write still fits into
    /// a transaction.
    static let largestBatch = 1_000

    /// Beyond this many images that one write no longer refers to, their rows stay behind. Who reads the index looks at
    /// the stream anyway: a row says that an image may be in use, its absence that it is not.
    static let largestRemoval = Transaction.Limits.mutations / 4

    private func histories(of stream: ImageStream, _ changes: [TagChange]) -> [Mutation] {
        let isBatch = changes.count > Self.largestBatch
        let histories = changes.flatMap { change -> [Mutation] in
            let id = ids.next()
            let kind = change.from == nil ? "TagCreated" : change.to == nil ? "TagDeleted" : "TagMoved"
            let row = describe(stream, kind: kind, tag: change.tag, from: change.from, to: change.to)
            let key = LedgerKeys.history(
                namespace: stream.metadata.namespace, stream: stream.metadata.name, tag: change.tag, id: id)
            let history = Mutation.put(key: key, value: row)
            return isBatch ? [history] : [history, .put(key: LedgerKeys.outboxEntry(id), value: row)]
        }
        guard isBatch else { return histories }
        let row = describe(stream, kind: "TagsChanged", tag: nil, from: nil, to: nil)
        return histories + [.put(key: LedgerKeys.outboxEntry(ids.next()), value: row)]
    }

    /// A stream that goes leaves its histories behind: one row says so, however many tags it had. Its repository is empty
    /// at once (spec/registry.md E-6).
    private func removal(of stream: ImageStream) -> [Mutation] {
        let row = describe(stream, kind: "StreamDeleted", tag: nil, from: nil, to: nil)
        let repository = LedgerKeys.repository(namespace: stream.metadata.namespace, stream: stream.metadata.name)
        return [.delete(key: repository), .put(key: LedgerKeys.outboxEntry(ids.next()), value: row)]
    }

    private func references(of metadata: ObjectMeta, _ changes: [TagChange]) -> [Mutation] {
        func sorted(_ images: Set<ExactString>) -> [String] { images.map(\.text).sorted(by: Exactly.precedes) }
        let (removed, added) = HistoryDifference(write.old, write.new).images()
        func key(_ image: String) -> String {
            LedgerKeys.reference(image: image, namespace: metadata.namespace, stream: metadata.name)
        }
        func renewal(_ image: String) -> String {
            LedgerKeys.renewal(image: image, namespace: metadata.namespace, stream: metadata.name)
        }
        let given = given()
        func value(_ image: String) -> [UInt8] {
            ImageReferenceRow(uid: metadata.uid, isGiven: given.contains(ExactString(image))).encoded
        }
        let put = added.union(given)
        return sorted(put).map { .put(key: key($0), value: value($0)) }
            + sorted(renewed(changes).subtracting(put)).map { .put(key: renewal($0), value: value($0)) }
            + sorted(removed.subtracting(given)).prefix(Self.largestRemoval).flatMap {
                [.delete(key: key($0)), .delete(key: renewal($0))]
            }
    }

    /// The images that new events name. Where an older event names one as well, its row stays as it is, because it says
    /// how that one came; another row says that the image came once more.
    private func renewed(_ changes: [TagChange]) -> Set<ExactString> {
        guard let old = write.old else { return [] }
        return Set(
            changes.compactMap { change in
                guard let to = change.to, !to.image.isEmpty, old.status.tag(change.tag)?.items.contains(to) != true
                else {
                    return nil
                }
                return ExactString(to.image)
            })
    }

    /// The images that this write takes over from tags of other streams: the access to those was checked. A push, which
    /// names its image itself, takes over nothing.
    private func given() -> Set<ExactString> {
        guard let new = write.new, write.context.cause != "push" else { return [] }
        var images: Set<ExactString> = []
        for tag in new.spec.tags {
            guard let from = tag.from, from.kind != TagSource.Kind.dockerImage.rawValue,
                let source = TagSource(from, of: new), !source.isOwn(new), let head = new.status.head(of: tag.name),
                !head.image.isEmpty, head != write.old?.status.head(of: tag.name)
            else { continue }
            images.insert(ExactString(head.image))
        }
        return images
    }

    /// The JSON of a history and outbox row.
    private func describe(
        _ stream: ImageStream, kind: String, tag: String?, from: TagEvent?, to: TagEvent?
    ) -> [UInt8] {
        var row = JSONObject()
        row["kind"] = .string(kind)
        row["time"] = .string(write.context.now.description)
        row["namespace"] = .string(stream.metadata.namespace)
        row["stream"] = .string(stream.metadata.name)
        row["streamUID"] = .string(stream.metadata.uid)
        if let tag { row["tag"] = .string(tag) }
        row["actor"] = .string(write.context.user.name)
        row["client"] = .string(Self.bounded(write.context.userAgent))
        row["cause"] = .string(write.context.cause)
        row["request"] = .string(Self.bounded(write.context.id))
        if let from { row["from"] = describe(from) }
        if let to { row["to"] = describe(to) }
        return JSONValue.object(row).jsonBytes()
    }

    /// What a client says of itself, cut where it says too much: rows stay for ever.
    private static func bounded(_ text: String) -> String { String(text.unicodeScalars.prefix(256)) }

    private func describe(_ event: TagEvent) -> JSONValue {
        [
            "created": .string(event.created.description),
            "dockerImageReference": .string(event.dockerImageReference),
            "image": .string(event.image),
            "generation": .integer(event.generation),
        ]
    }
}

/// That some event of a stream names an image (row `references/images/<image>/<namespace>/<stream>`, and below
/// `references/renewals/` where a later one does too).
struct ImageReferenceRow: Hashable, Sendable {
    /// Of the stream.
    var uid: String
    /// The stream has the image from another one, by a tag whose maker might read that.
    var isGiven: Bool

    init(uid: String, isGiven: Bool) {
        self.uid = uid
        self.isGiven = isGiven
    }

    init?(decoding bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes), let uid = value["uid"]?.stringValue else { return nil }
        self.init(uid: uid, isGiven: value["given"]?.boolValue ?? false)
    }

    var encoded: [UInt8] {
        var out = JSONObject()
        out["uid"] = .string(uid)
        if isGiven { out["given"] = true }
        return JSONValue.object(out).jsonBytes()
    }
}
