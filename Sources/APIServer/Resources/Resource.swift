import APIMachinery
import JSON

/// A resource the server offers. What it can do is said by the protocols below that it conforms to; the endpoints,
/// discovery and OpenAPI follow from that alone.
///
/// Errors a resource throws are `APIError`; anything else becomes an internal error.
public protocol Resource<Object>: Sendable {
    /// The type that requests carry and answers show.
    associatedtype Object: APIObject
    var descriptor: ResourceDescriptor { get }
    /// The declared type of what requests and answers carry, for OpenAPI; that of `Object` but for documents.
    var schema: TypeSchema { get }
    /// How objects look as a table; `nil` where the resource does not offer the form at all (406).
    var table: TableColumns<Object>? { get }
    /// Whether something may be posted about a namespace that is absent or being deleted.
    var ignoresNamespaceState: Bool { get }
}

extension Resource {
    public var schema: TypeSchema { Object.schema }
    public var table: TableColumns<Object>? { .standard }
    public var ignoresNamespaceState: Bool { false }
}

public protocol GettableResource<Object>: Resource {
    func get(_ name: String, options: GetOptions, _ context: RequestContext) async throws -> Output<Object>
}

/// A subresource whose GET answers with a document that is no object, such as a list of another type.
public protocol DocumentResource<Object>: Resource {
    /// - Parameter options: what the query asks for, as of a list.
    func document(_ name: String, options: ListOptions, _ context: RequestContext) async throws -> any APIKind
}

/// A resource whose collection answers GET with a document that is no list, such as a Status.
public protocol CollectionDocumentResource<Object>: Resource {
    func document(_ context: RequestContext) async throws -> any APIKind
}

public protocol ListableResource<Object>: Resource {
    func list(_ options: ListOptions, _ context: RequestContext) async throws -> OutputList<Object>
}

public protocol WatchableResource<Object>: ListableResource {
    func watch(_ options: ListOptions, _ context: RequestContext) async throws -> any WatchStream<Object>
    /// An object without content, as bookmarks show it.
    var emptyObject: Object { get }
}

extension WatchableResource {
    public var emptyObject: Object { Object() }
}

public protocol CreatableResource<Object>: Resource {
    /// - Returns: the object, or a Status where the resource answers with one.
    func create(_ object: Object, options: WriteOptions, _ context: RequestContext) async throws -> CreateOutput<Object>
}

/// A subresource to which something is posted at the path of an object, such as `token` of a service account.
public protocol ObjectActionResource<Object>: Resource {
    /// - Parameter name: of the object that the path names.
    func create(
        at name: String, _ object: Object, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<Object>
}

public protocol UpdatableResource<Object>: Resource {
    /// Replaces an object by what `change` makes of the current one; calls it again after a lost race where the
    /// change names no `resourceVersion`.
    /// - Returns: the object as stored and whether it was created.
    func update(
        _ name: String, options: WriteOptions, _ context: RequestContext, change: ObjectChange<Object>
    ) async throws -> (Output<Object>, created: Bool)
}

public protocol DeletableResource<Object>: Resource {
    func delete(_ name: String, options: DeleteOptions, _ context: RequestContext) async throws -> DeleteOutput<Object>
}

public protocol CollectionDeletableResource<Object>: ListableResource {
    func deleteCollection(
        _ list: ListOptions, options: DeleteOptions, _ context: RequestContext
    ) async throws -> OutputList<Object>
}

/// How an update arrives: a whole object (PUT) or a function of the current one (PATCH).
public struct ObjectChange<Object: APIObject>: Sendable {
    /// PATCH requests retry inside the server; a PUT with a resource version gets one attempt.
    public let isPatch: Bool
    /// Makes the new object. The argument is the object as clients see it.
    public let apply: @Sendable (Output<Object>) async throws -> Object

    public init(isPatch: Bool, apply: @escaping @Sendable (Output<Object>) async throws -> Object) {
        self.isPatch = isPatch
        self.apply = apply
    }
}

public enum CreateOutput<Object: APIObject>: Sendable {
    case object(Output<Object>)
    /// `status.code`, 201 by default, is the code of the answer.
    case status(Status)
    /// An answer of another type, with the code 201.
    case document(any APIKind & Sendable)
}

public enum DeleteOutput<Object: APIObject>: Sendable {
    /// The object is gone; the status is the answer.
    case status(Status)
    /// The object stays for its finalizers, or the type answers with the object.
    case object(Output<Object>)
}

/// The changes of a resource, as one watcher sees them.
public protocol WatchStream<Object>: Sendable {
    associatedtype Object: APIObject
    /// The state the watch begins with, where the client asked for it, some objects at a time; empty at its end.
    /// Call it from one task at a time, until it is empty and before `next`.
    func initialEvents() async throws -> [WatchEvent<Object>]
    /// The server ends the watch: it shuts down.
    var isEnded: Bool { get }
    /// The next events; empty when `deadline` passed. Throws `APIError` (410) where the watcher fell behind, and
    /// `CancellationError`.
    func next(deadline: ContinuousClock.Instant) async throws -> [WatchEvent<Object>]
    /// A resource version up to which this watcher has seen everything, for bookmarks.
    var resourceVersion: Int64 { get }
}

extension WatchStream {
    /// Hands over the initial state and then every change, until the task is cancelled or the server ends the watch.
    /// - Throws: as `next`, and what `body` throws.
    public func forEach(_ body: ([WatchEvent<Object>]) async throws -> Void) async throws {
        while case let events = try await initialEvents(), !events.isEmpty { try await body(events) }
        while !Task.isCancelled && !isEnded {
            try await body(try await next(deadline: .now + .seconds(3600)))
        }
    }
}

public struct WatchEvent<Object: APIObject>: Sendable {
    public enum Kind: String, Sendable {
        case added = "ADDED"
        case modified = "MODIFIED"
        case deleted = "DELETED"
    }
    public var kind: Kind
    public var object: Output<Object>
    /// Name and namespace of the object, for whoever wants nothing else of it. Empty where the source does not say.
    public var name = ""
    public var namespace = ""

    public init(kind: Kind, object: Output<Object>) {
        self.kind = kind
        self.object = object
    }
}
