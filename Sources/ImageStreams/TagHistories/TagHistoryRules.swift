import APIMachinery
import APIServer
import ImageAPI
import JSON
import Store

/// GET `weir.dev/v1alpha1 taghistories/{stream}:{tag}`: all that ever happened to a tag, in pages, newest first.
///
/// What the ledger has written down is shown also after the tag or the stream has gone.
struct TagHistoryResource: GettableResource {
    typealias Object = TagHistory

    let store: Store

    /// Events on a page where the client does not say, and at most.
    static let standardLimit = 500
    static let maximumLimit = 5_000

    var descriptor: ResourceDescriptor {
        ResourceDescriptor(
            groupVersion: GroupVersion(group: "weir.dev", version: "v1alpha1"), name: "taghistories",
            kind: TagHistory.groupVersionKind, isNamespaced: true, shortNames: ["taghistory"])
    }
    var table: TableColumns<TagHistory>? { TagHistoryTable.columns }

    func get(_ name: String, options: GetOptions, _ context: RequestContext) async throws -> Output<TagHistory> {
        guard let colon = name.firstIndex(of: ":"), colon != name.startIndex, name.index(after: colon) != name.endIndex
        else { throw APIError.badRequest("TagHistories must be retrieved with <name>:<tag>") }
        let prefix = LedgerKeys.historyPrefix(
            namespace: context.namespace, stream: String(name[..<colon]), tag: String(name[name.index(after: colon)...])
        )
        var range = KeyRange.prefix(prefix)
        if !options.continueToken.isEmpty {
            guard OrderedIDs.isID(options.continueToken) else {
                throw APIError.badRequest("continue key is not valid: it is none of this server")
            }
            range.end = prefix + options.continueToken
        }
        let limit = options.limit > 0 ? min(options.limit, Self.maximumLimit) : Self.standardLimit
        let page: RangeResult
        do { page = try await store.range(range, order: .descending, limit: limit) } catch {
            throw APIError.internalError("\(error)")
        }
        if page.kvs.isEmpty && options.continueToken.isEmpty { throw APIError.notFound(context.resource, name) }
        var history = TagHistory()
        history.metadata.name = name
        history.metadata.namespace = context.namespace
        history.metadata.resourceVersion = String(page.revision)
        history.entries = page.kvs.map { TagHistoryEntry(id: String($0.key.dropFirst(prefix.count)), row: $0.value) }
        if page.more, let last = history.entries.last {
            history.continue = last.id
            history.remainingEntryCount = Int64(page.count - page.kvs.count)
        }
        return Output(history)
    }
}

extension TagHistoryEntry {
    /// - Parameter row: as `LedgerRows` wrote it. What is missing in it is empty.
    init(id: String, row: [UInt8]) {
        self.init()
        self.id = id
        guard let row = try? JSONValue.parse(row) else { return }
        func text(_ key: String) -> String { row[key]?.stringValue ?? "" }
        time = (try? Timestamp(parsing: text("time"))) ?? Timestamp()
        event = text("kind")
        actor = text("actor")
        client = text("client")
        cause = text("cause")
        request = text("request")
        streamUID = text("streamUID")
        from = row["from"].flatMap { try? TagEvent.decode($0.jsonBytes()) }
        to = row["to"].flatMap { try? TagEvent.decode($0.jsonBytes()) }
    }
}
