import APIMachinery

/// The names and the scope of a resource: what discovery shows and routing needs (spec/api-machinery.md 1.2, 8.1).
public struct ResourceDescriptor: Sendable {
    public var groupVersion: GroupVersion
    /// Plural name, for example `imagestreams`.
    public var name: String
    /// Empty for the resource itself, else for example `layers`.
    public var subresource: String
    public var singularName: String
    /// The kind that requests and answers carry; its group version may differ from the resource's.
    public var kind: GroupVersionKind
    public var isNamespaced: Bool
    public var shortNames: [String]
    public var categories: [String]
    /// Whether objects of the resource are stored: then discovery shows a storage version hash.
    public var isStored: Bool

    public init(
        groupVersion: GroupVersion, name: String, subresource: String = "", kind: GroupVersionKind,
        isNamespaced: Bool, singularName: String? = nil, shortNames: [String] = [], categories: [String] = [],
        isStored: Bool = false
    ) {
        self.groupVersion = groupVersion
        self.name = name
        self.subresource = subresource
        self.kind = kind
        self.isNamespaced = isNamespaced
        self.singularName = singularName ?? (subresource.isEmpty ? kind.kind.lowercased() : "")
        self.shortNames = shortNames
        self.categories = categories
        self.isStored = isStored
    }

    public var groupResource: GroupResource { GroupResource(group: groupVersion.group, resource: name) }
    /// Group and kind, for the texts of `Invalid` errors.
    public var groupKind: GroupResource { GroupResource(group: kind.group, resource: kind.kind) }
    /// `imagestreams` or `imagestreams/layers`.
    public var path: String { subresource.isEmpty ? name : "\(name)/\(subresource)" }
}
