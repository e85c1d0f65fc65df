import APIMachinery
import Store
import Synchronization

extension ObjectStore {
    /// Opens a watch (spec/api-machinery.md 5.2).
    ///
    /// The initial state, where one was asked for, and the changes after it are of one revision: no gap, no overlap.
    public func watch(_ options: ListOptions, _ context: RequestContext) async throws -> any WatchStream<Object> {
        do { try options.fieldSelector.validate(known: kind.selectableFieldNames) } catch {
            throw APIError.badRequest(error.text)
        }
        let revision = try ResourceVersion.parse(options.resourceVersion)
        let range = range(namespace: context.namespace)
        let wantsState =
            options.sendInitialEvents ?? (options.resourceVersion.isEmpty || options.resourceVersion == "0")
        if wantsState {
            if revision > 0 { try await waitForCache(notOlderThan: options.resourceVersion) }
            let first = try await latest(in: range, limit: pageSize)
            let cursor = try await cursor(after: first.revision, in: range)
            return CacheWatch(
                store: self, options: options, cursor: cursor,
                initial: ObjectPages(store: self, options: options, first: first, in: range))
        }
        let start = options.resourceVersion.isEmpty || revision == 0 ? cache.revision : revision
        return CacheWatch(
            store: self, options: options, cursor: try await cursor(after: start, in: range), initial: nil)
    }

    func event(_ kind: WatchEvent<Object>.Kind, _ key: String, _ encoded: EncodedObject) -> WatchEvent<Object> {
        var event = WatchEvent<Object>(kind: kind, object: Output(encoded))
        (event.namespace, event.name) = names(of: key)
        return event
    }

    private func cursor(after revision: Int64, in range: KeyRange) async throws -> WatchCursor<StoredObject> {
        do {
            return try await cache.watch(after: revision, range: range)
        } catch {
            throw watchError(error, after: revision)
        }
    }

    @inline(never)
    func watchError(_ error: StoreError, after revision: Int64) -> APIError {
        guard case .compacted(let oldest) = error else { return APIError(error) }
        return .expired("too old resource version: \(revision) (\(max(0, oldest - 1)))")
    }
}

/// A watch on the cache of a stored type: a cursor, and the selectors that decide what its owner sees.
final class CacheWatch<Object: APIObject>: WatchStream {
    private let store: ObjectStore<Object>
    private let options: ListOptions
    private let cursor: WatchCursor<StoredObject>
    private let initial: Mutex<ObjectPages<Object>?>

    init(
        store: ObjectStore<Object>, options: ListOptions, cursor: WatchCursor<StoredObject>,
        initial: ObjectPages<Object>?
    ) {
        self.store = store
        self.options = options
        self.cursor = cursor
        self.initial = Mutex(initial)
    }

    var resourceVersion: Int64 { cursor.revision }
    var isEnded: Bool { cursor.isEnded }

    func initialEvents() async throws -> [WatchEvent<Object>] {
        guard var pages = initial.withLock(\.self) else { return [] }
        while let page = try await pages.next() {
            if page.isEmpty { continue }
            initial.withLock { [pages] in $0 = pages }
            return page.map { store.event(.added, $0.key, $0.value.encoded) }
        }
        initial.withLock { $0 = nil }
        return []
    }

    func next(deadline: ContinuousClock.Instant) async throws -> [WatchEvent<Object>] {
        while true {
            if let events = try await present() { return events }
            guard await cursor.wait(deadline: deadline) else { return [] }
        }
    }

    /// What is there already; nil for nothing. Not inlined: thousands of watches would keep the memory for it while they
    /// wait.
    @inline(never)
    private func present() async throws -> [WatchEvent<Object>]? {
        do { return try await cursor.take()?.compactMap(visible) } catch {
            throw store.watchError(error, after: cursor.revision)
        }
    }

    /// The table of spec/api-machinery.md 5.3.
    private func visible(_ change: CacheEvent<StoredObject>) -> WatchEvent<Object>? {
        let before = change.previous.map { store.matches($0, key: change.key, options) } ?? false
        let after = change.value.map { store.matches($0, key: change.key, options) } ?? false
        switch (before, after) {
        case (false, false): return nil
        case (_, true):
            guard let value = change.value else { return nil }
            return store.event(before ? .modified : .added, change.key, value.encoded)
        case (true, false):
            guard let previous = change.previous else { return nil }
            let json = StoredForm.replacingRevision(in: previous.encoded.json, by: change.revision)
            return store.event(
                .deleted, change.key, EncodedObject(json: json, itemStart: previous.encoded.itemStart))
        }
    }
}
