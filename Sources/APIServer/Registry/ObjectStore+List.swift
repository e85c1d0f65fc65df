import APIMachinery
import Store

extension ObjectStore {
    /// Lists objects (spec/api-machinery.md 4).
    public func list(_ options: ListOptions, _ context: RequestContext) async throws -> OutputList<Object> {
        let page = try await page(options, namespace: context.namespace)
        return OutputList(items: page.objects.map { Output($0.encoded) }, metadata: page.metadata)
    }

    /// The selected objects, decoded, as they are stored: for resources that are computed from them.
    public func listObjects(
        _ options: ListOptions, namespace: String
    ) async throws -> (objects: [Object], metadata: ListMeta) {
        let page = try await page(options, namespace: namespace)
        return (try page.objects.map { try Output<Object>($0.encoded).object() }, page.metadata)
    }

    private func page(
        _ options: ListOptions, namespace: String
    ) async throws -> (objects: [StoredObject], metadata: ListMeta) {
        do { try options.fieldSelector.validate(known: kind.selectableFieldNames) } catch { throw APIError.badRequest(error.text) }
        let range = range(namespace: namespace)
        let request = try PageRequest(options)
        var entries: SnapshotEntries
        switch request.source {
        case .latest, .any:
            entries = latest(after: request.start, in: range)
        case .notOlderThan(let revision):
            try await waitForCache(notOlderThan: String(revision))
            entries = latest(after: request.start, in: range)
        case .exact(let revision):
            entries = try await historic(at: revision, after: request.start, in: range)
        }
        let matches = { (entry: CacheEntry<StoredObject>) in self.matches(entry.value, key: entry.key, options) }
        var selected: [StoredObject] = []
        var last: String?
        var visited = 0
        var hasMore = false
        for entry in entries.entries {
            if request.limit > 0 && selected.count == request.limit {
                hasMore = options.labelSelector.isEmpty && options.fieldSelector.isEmpty || matches(entry)
                if hasMore { break }
                visited += 1
                continue
            }
            visited += 1
            guard matches(entry) else { continue }
            selected.append(entry.value)
            last = entry.key
        }
        var metadata = ListMeta(resourceVersion: String(entries.revision))
        if hasMore, let last {
            metadata.continue = ContinueToken(
                revision: entries.revision, start: String(last.dropFirst(range.start.count)) + "\0"
            ).encoded
            if options.labelSelector.isEmpty && options.fieldSelector.isEmpty {
                metadata.remainingItemCount = Int64(entries.entries.count - visited)
            }
        }
        return (selected, metadata)
    }

    private struct SnapshotEntries {
        var entries: [CacheEntry<StoredObject>]
        var revision: Int64
    }

    private func latest(after start: String?, in range: KeyRange) -> SnapshotEntries {
        let snapshot = cache.snapshot(of: Self.rest(of: range, from: start))
        return SnapshotEntries(entries: snapshot.entries, revision: snapshot.revision)
    }

    /// The state at a revision, from the engine; the cache where it has that very revision.
    private func historic(at revision: Int64, after start: String?, in range: KeyRange) async throws -> SnapshotEntries {
        let rest = Self.rest(of: range, from: start)
        let snapshot = cache.snapshot(of: rest)
        if snapshot.revision == revision {
            return SnapshotEntries(entries: snapshot.entries, revision: revision)
        }
        do {
            let result = try await store.range(rest, at: revision)
            let present = kind.present
            return SnapshotEntries(
                entries: result.kvs.map {
                    CacheEntry(
                        key: $0.key, value: Self.served($0, present: present), createRevision: $0.createRevision,
                        modRevision: $0.modRevision)
                }, revision: revision)
        } catch StoreError.compacted {
            throw start.map { expired(continuingAt: $0) }
                ?? APIError.expired("The resourceVersion for the provided list is too old.")
        } catch StoreError.futureRevision(let current) {
            throw APIError.futureResourceVersion(revision, current: current)
        } catch {
            throw APIError(error)
        }
    }

    /// The answer to a token whose snapshot is gone, with a token that goes on from the present state (4.6).
    private func expired(continuingAt start: String) -> APIError {
        var error = APIError.expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list."
        )
        error.status.metadata.continue = ContinueToken(revision: -1, start: start).encoded
        return error
    }

    private static func rest(of range: KeyRange, from start: String?) -> KeyRange {
        guard let start else { return range }
        return KeyRange(start: range.start + start, end: range.end)
    }

    /// Whether an object passes both selectors. Fields other than name and namespace are read from the stored form.
    func matches(_ object: StoredObject, key: String, _ options: ListOptions) -> Bool {
        guard options.labelSelector.isEmpty || options.labelSelector.matches(object.labels) else { return false }
        if options.fieldSelector.isEmpty { return true }
        let names = names(of: key)
        var fields: [String: String]?
        return options.fieldSelector.matches { field in
            switch field {
            case "metadata.name": return names.name
            case "metadata.namespace": return names.namespace
            default:
                if fields == nil { fields = (try? Object.decode(object.stored)).map(kind.selectableFields) ?? [:] }
                return fields?[field] ?? ""
            }
        }
    }
}

/// Which state a list shows and where it begins: the table of spec/api-machinery.md 4.3.
struct PageRequest {
    enum Source: Hashable {
        case latest
        case any
        case notOlderThan(Int64)
        case exact(Int64)
    }
    var source: Source
    var limit: Int
    /// Relative to the collection's prefix; nil at the beginning.
    var start: String?

    init(_ options: ListOptions) throws {
        limit = max(0, options.limit)
        if !options.continueToken.isEmpty {
            let token: ContinueToken
            do { token = try ContinueToken(decoding: options.continueToken) } catch {
                throw APIError.badRequest(error.text)
            }
            guard options.resourceVersion.isEmpty || options.resourceVersion == "0" else {
                throw APIError.badRequest("specifying resource version is not allowed when using continue")
            }
            start = token.start
            source = token.revision > 0 ? .exact(token.revision) : .latest
            return
        }
        let revision = try ResourceVersion.parse(options.resourceVersion, isList: true)
        switch (options.resourceVersionMatch, options.resourceVersion) {
        case (.exact?, _): source = .exact(revision)
        case (_, ""): source = .latest
        case (_, "0"):
            // Any state will do: all of it is at hand.
            source = .any
            limit = 0
        case (.notOlderThan?, _): source = .notOlderThan(revision)
        case (nil, _): source = limit > 0 ? .exact(revision) : .notOlderThan(revision)
        }
    }
}
