/// An API group and one of its versions; the core group is empty.
public struct GroupVersion: Sendable, Hashable, CustomStringConvertible {
    public var group: String
    public var version: String

    public init(group: String, version: String) {
        self.group = group
        self.version = version
    }

    /// Reads an `apiVersion`: `v1` or `image.openshift.io/v1`; nil if it holds more than one slash.
    public init?(_ apiVersion: String) {
        let parts = apiVersion.split(separator: "/", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: self.init(group: "", version: apiVersion)
        case 2: self.init(group: String(parts[0]), version: String(parts[1]))
        default: return nil
        }
    }

    /// `image.openshift.io/v1`, or `v1` in the core group.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    public var description: String { apiVersion }
}

/// What an object is.
public struct GroupVersionKind: Sendable, Hashable, CustomStringConvertible {
    public var group: String
    public var version: String
    public var kind: String

    public init(group: String, version: String, kind: String) {
        self.group = group
        self.version = version
        self.kind = kind
    }

    public var groupVersion: GroupVersion { GroupVersion(group: group, version: version) }

    /// `image.openshift.io/v1`, or `v1` in the core group.
    public var apiVersion: String { groupVersion.apiVersion }

    /// `image.openshift.io/v1, Kind=ImageStream`.
    public var description: String { "\(apiVersion), Kind=\(kind)" }
}

/// What a collection of objects is called in URLs and errors.
public struct GroupResource: Sendable, Hashable, CustomStringConvertible {
    public var group: String
    /// Plural and lower case: `imagestreams`.
    public var resource: String

    public init(group: String, resource: String) {
        self.group = group
        self.resource = resource
    }

    /// `imagestreams.image.openshift.io`, or `pods` in the core group.
    public var description: String { group.isEmpty ? resource : "\(resource).\(group)" }
}
