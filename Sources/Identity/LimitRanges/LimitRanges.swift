import APIMachinery
import APIServer
import Store

/// The LimitRanges of stand-alone mode: their resource, and what they say by type.
public struct LimitRanges: Sendable {
    public let objects: ObjectStore<LimitRange>
    private let maxima: NamespaceDigest<LimitRange, [String: [[String: Quantity]]]>

    /// Registers the cache: before the store starts.
    public init(store: Store, namespaces: any NamespaceLookup) {
        objects = ObjectStore(kind: LimitRangeRules.kind, store: store, namespaces: namespaces)
        maxima = NamespaceDigest(of: objects, make: Self.maxima)
    }

    public var resources: [any Resource] { [StoredResource(objects, strategy: LimitRangeStrategy())] }

    /// What the limits of a type (`openshift.io/Image`) say under `max`, in the order of the LimitRanges' names.
    ///
    /// Decodes only what has changed since it was asked for last.
    /// - Throws: `APIError` where a LimitRange does not decode.
    public func maxima(of type: String, in namespace: String) async throws -> [[String: Quantity]] {
        try await maxima.value(in: namespace)[type] ?? []
    }

    @Sendable
    static func maxima(_ ranges: [LimitRange]) -> [String: [[String: Quantity]]] {
        var maxima: [String: [[String: Quantity]]] = [:]
        for limit in ranges.flatMap(\.spec.limits) where !limit.max.isEmpty {
            maxima[limit.type, default: []].append(limit.max)
        }
        return maxima
    }
}
