import APIMachinery
import JSON
import Store

/// The objects of one stored type: reads from the cache, writes through strategies.
///
/// Safe to use from any task. A write is durable and visible to every later read when the call returns.
public final class ObjectStore<Object: APIObject>: Sendable {
    public let kind: ObjectKind<Object>
    let store: Store
    let cache: RangeCache<StoredObject>
    let recent = RecentObjects<Object>()
    let namespaces: (any NamespaceLookup)?
    /// Objects taken at once where all are wanted; 0 = all.
    let pageSize: Int

    /// Registers the type's cache: make all object stores before the store starts.
    ///
    /// - Parameters:
    ///   - namespaces: asked before objects are created; nil for cluster-scoped types.
    ///   - pageSize: how many objects are read at a time where not all are in memory.
    public init(
        kind: ObjectKind<Object>, store: Store, namespaces: (any NamespaceLookup)? = nil, pageSize: Int = 256
    ) {
        self.kind = kind
        self.store = store
        self.namespaces = namespaces
        self.pageSize = kind.contents == .all ? 0 : pageSize
        let present = kind.present
        cache = store.cache(prefix: kind.keyPrefix, contents: kind.contents) { [recent] keyValue in
            Self.served(keyValue, present: present, recent: recent)
        }
    }

    var descriptor: ResourceDescriptor { kind.descriptor }

    // MARK: Keys

    func key(_ name: String, namespace: String) -> String {
        descriptor.isNamespaced ? "\(kind.keyPrefix)\(namespace)/\(name)" : kind.keyPrefix + name
    }

    /// The key as errors name it: that of the reference's store.
    func reportedKey(_ name: String, namespace: String) -> String {
        (["/openshift.io", descriptor.name] + [namespace, name].filter { !$0.isEmpty }).joined(separator: "/")
    }

    /// The keys of a namespace, or of the whole type for the empty namespace.
    func range(namespace: String) -> KeyRange {
        .prefix(descriptor.isNamespaced && !namespace.isEmpty ? "\(kind.keyPrefix)\(namespace)/" : kind.keyPrefix)
    }

    /// Namespace and name of a key.
    func names(of key: String) -> (namespace: String, name: String) {
        let rest = key.dropFirst(kind.keyPrefix.count)
        guard descriptor.isNamespaced, let slash = rest.firstIndex(of: "/") else { return ("", String(rest)) }
        return (String(rest[..<slash]), String(rest[rest.index(after: slash)...]))
    }

    // MARK: Reads

    /// The latest state of an object as it is stored, with its `resourceVersion`; nil where there is none.
    ///
    /// A read after a write of the same process sees the write.
    public func object(_ name: String, namespace: String) async throws -> Object? {
        guard let entry = try await entry(name, namespace: namespace) else { return nil }
        return try decoded(entry)
    }

    /// - Throws: `APIError` where the engine fails.
    func entry(_ name: String, namespace: String) async throws(APIError) -> CacheEntry<StoredObject>? {
        do throws(StoreError) { return try await cache.entry(for: key(name, namespace: namespace)) } catch {
            throw APIError(error)
        }
    }

    /// The `resourceVersion` of an object; nil where there is none. Decodes nothing.
    public func revision(of name: String, namespace: String) async throws -> Int64? {
        try await entry(name, namespace: namespace)?.modRevision
    }

    /// Whether an object is being deleted; nil where there is none. Decodes nothing.
    public func isTerminating(_ name: String, namespace: String) async throws -> Bool? {
        try await entry(name, namespace: namespace)?.value.isTerminating
    }

    /// As `object`, but a missing object is the NotFound that clients of the request's resource expect
    /// (spec/image-resources.md 3.4).
    public func require(_ name: String, _ context: RequestContext) async throws -> Object {
        guard let object = try await object(name, namespace: context.namespace) else {
            throw APIError.notFound(context.resource, name)
        }
        return object
    }

    /// The stored state, in all the forms that a change of it needs.
    func current(_ name: String, namespace: String) async throws -> CurrentObject<Object>? {
        guard let entry = try await entry(name, namespace: namespace) else { return nil }
        let object = try decoded(entry)
        let members = EncodedMembers(entry.value.stored)
        return CurrentObject(
            object: object, revision: entry.modRevision,
            shown: Output(
                entry.value.encoded, decoded: kind.shown(object),
                members: entry.value.isShownAsStored ? members : nil),
            members: members)
    }

    /// The names of objects in the order of `namespace/name`. Decodes nothing.
    /// - Parameter last: the `namespace/name` behind which the page begins; empty for the first.
    public func names(after last: String, limit: Int) async throws -> [(namespace: String, name: String)] {
        let all = range(namespace: "")
        let wanted = last.isEmpty ? all : all.after(kind.keyPrefix + last)
        do throws(StoreError) { return try await cache.keys(in: wanted, limit: limit).map(names(of:)) } catch {
            throw APIError(error)
        }
    }

    func decoded(_ entry: CacheEntry<StoredObject>) throws -> Object {
        if let object = recent.object(entry.key, revision: entry.modRevision) { return object }
        do {
            var object = try Object.decode(entry.value.stored)
            object.metadata.resourceVersion = String(entry.modRevision)
            recent.keep(entry.key, revision: entry.modRevision, object, bytes: entry.value.stored.count)
            return object
        } catch {
            throw APIError.internalError("stored object at \(entry.key) does not decode: \(error)")
        }
    }

    /// An object that was just written: in the bytes of the cache, unless it has changed since.
    func output(_ written: Object, _ options: WriteOptions) async -> Output<Object> {
        let metadata = written.metadata
        guard !options.isDryRun, let entry = try? await entry(metadata.name, namespace: metadata.namespace),
            String(entry.modRevision) == metadata.resourceVersion
        else { return Output(written) }
        return Output(entry.value.encoded)
    }

    /// One object as clients see it.
    public func get(_ name: String, options: GetOptions, _ context: RequestContext) async throws -> Output<Object> {
        try await waitForCache(notOlderThan: options.resourceVersion)
        guard let entry = try await entry(name, namespace: context.namespace) else {
            throw APIError.notFound(context.resource, name)
        }
        return Output(entry.value.encoded)
    }

    /// Waits until the cache has seen a resource version, at most 3 s (spec/api-machinery.md 4.3).
    func waitForCache(notOlderThan resourceVersion: String) async throws {
        let revision = try ResourceVersion.parse(resourceVersion)
        guard revision > cache.revision else { return }
        guard await cache.waitUntil(revision: revision, timeout: .seconds(3)) else {
            throw APIError.futureResourceVersion(revision, current: cache.revision)
        }
    }

    // MARK: Forms

    static func served(
        _ keyValue: KeyValue, present: ((Object) -> Object?)?, recent: RecentObjects<Object>?
    ) -> StoredObject {
        let itemStart = EncodedObject.headLength(of: Object.groupVersionKind)
        let json = StoredForm.replacingRevision(in: keyValue.value, by: keyValue.modRevision)
        let written = recent?.arrived(keyValue.key, bytes: keyValue.value, revision: keyValue.modRevision)
        // What does not decode is handed out as it is: a client sees the damage, and nothing is lost by hiding it.
        guard let present else {
            return StoredObject(encoded: EncodedObject(json: json, itemStart: itemStart), metadata: written?.metadata)
        }
        guard let object = try? written ?? Object.decode(json) else {
            return StoredObject(encoded: EncodedObject(json: json, itemStart: itemStart), metadata: ObjectMeta())
        }
        if let shown = present(object) {
            return StoredObject(
                encoded: EncodedObject(json: shown.jsonBytes(), itemStart: itemStart), storedBytes: json,
                metadata: object.metadata)
        }
        return StoredObject(encoded: EncodedObject(json: json, itemStart: itemStart), metadata: object.metadata)
    }
}

/// The stored state of an object that is about to change.
struct CurrentObject<Object: APIObject>: Sendable {
    let object: Object
    let revision: Int64
    /// As clients see it.
    let shown: Output<Object>
    /// Of the JSON that `object` was decoded from.
    let members: EncodedMembers?

    /// The JSON of an object that came from this one: what has not changed is copied.
    func encoding(of new: Object) -> [UInt8] {
        members.map { new.jsonBytes(reusing: object, $0) } ?? new.jsonBytes()
    }
}

/// Resource versions as clients write them.
enum ResourceVersion {
    /// 0 for the empty text.
    /// - Throws: the 400 of spec/api-machinery.md 4.3 for anything but a decimal number.
    ///   Reads of one object and watches let the bare text escape as a 500 (recorded).
    static func parse(_ text: String, isList: Bool = false) throws(APIError) -> Int64 {
        if text.isEmpty { return 0 }
        guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int64(text) else {
            let problem =
                "resourceVersion: Invalid value: \(goQuoted(text)): strconv.ParseUint: parsing \(goQuoted(text)): invalid syntax"
            throw isList ? .badRequest("invalid resource version: \(problem)") : .plain(problem)
        }
        return number
    }
}

extension APIError {
    /// A failure of the store that the request cannot do anything about.
    public init(_ error: StoreError) {
        self =
            switch error {
            case .compacted: .expired("The resourceVersion for the provided list is too old.")
            case .full: .internalError("\(error)")
            case .tooLarge: .tooLarge("\(error)")
            case .closed: .serviceUnavailable("apiserver is shutting down", retryAfter: 1)
            default: .internalError("\(error)")
            }
    }
}
