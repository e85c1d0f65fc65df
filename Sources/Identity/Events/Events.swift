import APIMachinery
import APIServer
import Store

/// The events of stand-alone mode: their resource. `EventExpiry` lets them go, `StoredEventRecorder` makes the
/// server's own.
public struct Events: Sendable {
    public let objects: ObjectStore<Event>

    /// Registers the cache: before the store starts.
    public init(store: Store, namespaces: any NamespaceLookup) {
        objects = ObjectStore(kind: EventRules.kind, store: store, namespaces: namespaces)
    }

    public var resources: [any Resource] {
        [StoredResource(objects, strategy: EventStrategy(), table: EventTable.columns)]
    }
}
