import APIMachinery

/// Tells people what happened to an object, as `kubectl get events` and `kubectl describe` show it. One of the seams
/// between stand-alone and aggregated mode.
public protocol EventRecorder: Sendable {
    /// Records an occurrence; the same one again raises the count of the event there is.
    ///
    /// Never fails: what cannot be recorded is only logged. Does not wait for anybody to see it.
    func record(_ occurrence: Occurrence) async
}

/// Something that happened to an object.
public struct Occurrence: Sendable, Hashable {
    public enum Kind: String, Sendable {
        case normal = "Normal"
        case warning = "Warning"
    }

    /// The object; `kind`, `apiVersion`, `namespace` and `name` at least.
    public var object: ObjectReference
    public var kind: Kind
    /// For programs: one word in camel case.
    public var reason: String
    /// For people. Everybody who may read events of the namespace sees it: no secrets. Cut to 1,024 bytes.
    public var message: String

    public init(_ kind: Kind, of object: ObjectReference, reason: String, message: String) {
        self.kind = kind
        self.object = object
        self.reason = reason
        self.message = message
    }
}

/// Where nobody keeps events.
public struct NoEventRecorder: EventRecorder {
    public init() {}
    public func record(_ occurrence: Occurrence) async {}
}
