import APIMachinery
import Store

extension ObjectStore {
    /// Lists objects (spec/api-machinery.md 4).
    public func list(_ options: ListOptions, _ context: RequestContext) async throws -> OutputList<Object> {
        let selection = try await selection(options, namespace: context.namespace)
        return OutputList(
            items: selection.entries.map { Output($0.value.encoded) },
            rest: selection.rest.map(OutputPages.init), metadata: selection.metadata)
    }

    /// The selected objects, decoded, as they are stored: for resources that are computed from them.
    public func listObjects(
        _ options: ListOptions, namespace: String
    ) async throws -> (objects: [Object], metadata: ListMeta) {
        let selection = try await selection(options, namespace: namespace)
        var objects = try selection.entries.map(decoded)
        if var rest = selection.rest {
            while let page = try await rest.next() { objects += try page.map(decoded) }
        }
        return (objects, selection.metadata)
    }

    /// What a list shows. `rest` is what follows the entries in the same list.
    private typealias Selection = (
        entries: [CacheEntry<StoredObject>], rest: ObjectPages<Object>?, metadata: ListMeta
    )

    private func selection(_ options: ListOptions, namespace: String) async throws -> Selection {
        do { try options.fieldSelector.validate(known: kind.selectableFieldNames) } catch {
            throw APIError.badRequest(error.text)
        }
        let range = range(namespace: namespace)
        var request = try PageRequest(options)
        if cache.contents != .all && request.limit > 0 { request.limit = min(request.limit, Self.largestPage) }
        let isFiltered = !options.labelSelector.isEmpty || !options.fieldSelector.isEmpty
        // Without selectors a page is as many objects as it has room for; with them, all have to be looked at.
        let size = isFiltered || request.limit == 0 ? pageSize : request.limit
        let state = try await state(of: request, in: range, limit: size)
        if !isFiltered && request.limit > 0 {
            let lastKey = state.remaining > 0 ? state.entries.last?.key : nil
            return (state.entries, nil, listMeta(state, lastKey: lastKey, in: range))
        }
        var pages = ObjectPages(store: self, options: options, first: state, in: range)
        guard request.limit > 0 else {
            let first = try await pages.next() ?? []
            return (first, pages.isAtEnd ? nil : pages, listMeta(state, lastKey: nil, in: range))
        }
        var selected: [CacheEntry<StoredObject>] = []
        while selected.count <= request.limit, let page = try await pages.next() {
            selected += page.prefix(request.limit + 1 - selected.count)
        }
        let hasMore = selected.count > request.limit
        if hasMore { selected.removeLast() }
        var metadata = listMeta(state, lastKey: hasMore ? selected.last?.key : nil, in: range)
        // How many of the rest match is not known.
        metadata.remainingItemCount = nil
        return (selected, nil, metadata)
    }

    /// At most so many objects come in one page where they have to be read first, whatever limit a client names: it
    /// gets a token for the rest. Without a limit they come one after the other.
    static var largestPage: Int { 500 }

    /// The metadata of a page.
    /// - Parameter lastKey: the last key of the page, where another page follows.
    private func listMeta(
        _ state: CacheSnapshot<StoredObject>, lastKey: String?, in range: KeyRange
    ) -> ListMeta {
        var metadata = ListMeta(resourceVersion: String(state.revision))
        if let lastKey {
            let start = String(lastKey.dropFirst(range.start.count)) + "\0"
            metadata.continue = ContinueToken(revision: state.revision, start: start).encoded
            metadata.remainingItemCount = Int64(state.remaining)
        }
        return metadata
    }

    /// The state a request asks for, from where it begins; `limit` 0 is all of it.
    private func state(
        of request: PageRequest, in range: KeyRange, limit: Int
    ) async throws -> CacheSnapshot<StoredObject> {
        let rest = request.start.map { KeyRange(start: range.start + $0, end: range.end) } ?? range
        switch request.source {
        case .latest, .any:
            return try await latest(in: rest, limit: limit)
        case .notOlderThan(let revision):
            try await waitForCache(notOlderThan: String(revision))
            return try await latest(in: rest, limit: limit)
        case .exact(let revision):
            // The cache where it has that very revision.
            if cache.contents == .all {
                let snapshot = try await latest(in: rest, limit: limit)
                if snapshot.revision == revision { return snapshot }
            }
            return try await historic(at: revision, after: request.start, in: rest, limit: limit)
        }
    }

    /// The latest state, as the cache has it.
    func latest(in range: KeyRange, limit: Int) async throws(APIError) -> CacheSnapshot<StoredObject> {
        do throws(StoreError) { return try await cache.snapshot(of: range, limit: limit) } catch {
            throw APIError(error)
        }
    }

    /// The state at a revision, from the engine.
    /// - Parameter start: where the client's token begins, if it has one.
    func historic(
        at revision: Int64, after start: String?, in rest: KeyRange, limit: Int
    ) async throws(APIError) -> CacheSnapshot<StoredObject> {
        do throws(StoreError) {
            return try await cache.snapshot(of: rest, at: revision, limit: limit)
        } catch {
            switch error {
            case .compacted:
                throw start.map { expired(continuingAt: $0) }
                    ?? APIError.expired("The resourceVersion for the provided list is too old.")
            case .futureRevision(let current):
                throw APIError.futureResourceVersion(revision, current: current)
            default:
                throw APIError(error)
            }
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
