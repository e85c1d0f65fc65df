import APIServer
import ImageStreams
import JSON
import Store

/// Something of the registry that people turn on and off while it runs.
public enum RegistrySwitch: String, CaseIterable, Sendable {
    /// Nothing is taken and nothing deleted (spec/registry.md 5.9).
    case readOnly = "read-only"
    /// The collector does not run by itself (GC-10).
    case collectionPause = "collection-pause"
}

/// The switches, which are rows of the store: they survive a restart, and hold for all who use the store.
///
/// A namespace is made read-only by an annotation of its own.
public final class RegistrySwitches: Sendable {
    /// Who has turned a switch on.
    struct Record: Hashable, Sendable {
        /// Milliseconds since 1970.
        var since: Int64
        var user: String
    }

    private let store: Store
    private let records: RangeCache<Record>
    private let namespaces: any NamespaceLookup
    /// The registry is read-only by its configuration.
    let isFixed: Bool

    /// Registers a cache: before the store starts.
    public init(store: Store, namespaces: any NamespaceLookup, isReadOnly: Bool) {
        self.store = store
        self.namespaces = namespaces
        isFixed = isReadOnly
        records = store.cache(prefix: RegistryKeys.switches, ringCapacity: 1) { Record(decoding: $0.value) }
    }

    /// Nil for one that is off, or on by the configuration alone.
    func record(_ name: RegistrySwitch) async throws(StoreError) -> Record? {
        try await records.entry(for: RegistryKeys.switches + name.rawValue)?.value
    }

    public func isOn(_ name: RegistrySwitch) async throws(StoreError) -> Bool {
        if name == .readOnly, isFixed { return true }
        return try await record(name) != nil
    }

    /// Whether a namespace is to stay as it is, whatever holds for the others.
    func isFrozen(_ namespace: String) async throws -> Bool {
        try await namespaces.annotations(of: namespace)[KnownAnnotation.registryReadOnly] == "true"
    }

    /// Whether nothing may be written.
    /// - Parameter namespace: nil for what belongs to none.
    func isReadOnly(_ namespace: String?) async throws -> Bool {
        if try await isOn(.readOnly) { return true }
        guard let namespace else { return false }
        return try await isFrozen(namespace)
    }

    /// Turns a switch. One that is on stays as it is, with who has turned it.
    /// - Parameter now: milliseconds since 1970.
    func turn(_ name: RegistrySwitch, on: Bool, by user: String, now: Int64) async throws(StoreError) {
        let key = RegistryKeys.switches + name.rawValue
        guard on else {
            _ = try await store.commit(Transaction(mutations: [.delete(key: key)]))
            return
        }
        do throws(StoreError) {
            _ = try await store.commit(
                Transaction(
                    conditions: [.modRevision(of: key, equals: 0)],
                    mutations: [.put(key: key, value: Record(since: now, user: user).encoded)]))
        } catch {
            guard case .conflict = error else { throw error }
        }
    }
}

/// Why nothing was done that would have changed something.
struct ReadOnlyRegistry: Error, CustomStringConvertible {
    var description: String { "the registry is read-only" }
}

extension RegistrySwitches.Record {
    /// A row that cannot be read is still one.
    init(decoding bytes: [UInt8]) {
        let value = try? JSONValue.parse(bytes)
        self.init(since: value?["since"]?.integerValue ?? 0, user: value?["user"]?.stringValue ?? "")
    }

    var encoded: [UInt8] {
        let value: JSONValue = ["since": .integer(since), "user": .string(user)]
        return value.jsonBytes()
    }
}

extension RegistryCore {
    /// Whether nothing of a namespace may be written (5.9).
    func isReadOnly(_ namespace: String?) async throws -> Bool {
        try await switches?.isReadOnly(namespace) ?? configuration.isReadOnly
    }
}
