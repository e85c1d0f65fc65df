import APIMachinery
import Store

/// The rules of one way of writing a stored type: what create and update do with an object before it is stored.
///
/// A type may have several: the main resource, its `/status`, and the writes the server makes itself. The store that
/// applies them (`ObjectStore`) does everything that is the same for all types (spec/api-machinery.md 3.2, 3.5).
public protocol Strategy<Object>: Sendable {
    associatedtype Object: APIObject

    /// Whether a PUT without `metadata.resourceVersion` overwrites. Image types: no.
    var allowsUnconditionalUpdate: Bool { get }
    /// Whether validation of metadata demands a namespace.
    var isNamespaced: Bool { get }

    /// Fills in what the type's decoding fills in. Managed fields are taken of the object after this: what the methods
    /// below change belongs to nobody.
    func applyDefaults(_ object: inout Object)
    /// Clears what clients may not set and fills in what the server owns. Runs after system metadata was filled in.
    func prepareForCreate(_ object: inout Object, _ context: RequestContext) async throws
    /// The type's own validation. It may complete the object (image streams resolve their tags here).
    /// - Returns: the failures; the generic metadata rules are checked only when there are none.
    func validateForCreate(_ object: inout Object, _ context: RequestContext) async throws -> [FieldError]

    func prepareForUpdate(_ object: inout Object, old: Object, _ context: RequestContext) async throws
    func validateForUpdate(_ object: inout Object, old: Object, _ context: RequestContext) async throws -> [FieldError]
}

extension Strategy {
    public var allowsUnconditionalUpdate: Bool { false }
    public func applyDefaults(_ object: inout Object) {}
}

/// What belongs to a stored type as such, whichever strategy writes it.
public struct ObjectKind<Object: APIObject>: Sendable {
    public var descriptor: ResourceDescriptor
    /// Prefix of the store's keys, ending in `/`: then `<namespace>/<name>` or `<name>`.
    public var keyPrefix: String
    /// How many of the objects are kept in memory.
    public var contents: CacheContents
    /// The stored object as clients see it: for values that follow the configuration, not the write.
    public var present: @Sendable (Object) -> Object?
    /// Field selector values besides name and namespace, of the stored form.
    public var selectableFields: @Sendable (Object) -> [String: String]
    public var selectableFieldNames: [String]
    /// Further store rows that change in the same transaction as the object: reference index, history, outbox.
    public var sideEffects: @Sendable (ObjectWrite<Object>) throws -> [Mutation]
    /// DELETE answers with the object, not with a Status.
    public var returnsDeletedObject: Bool
    /// Dependents are found by owner reference, so deletion may wait for them. Not for images.
    public var supportsPropagation: Bool
    /// Objects may be created where their namespace is absent or terminating.
    public var ignoresNamespaceState: Bool
    /// Whether nothing but metadata holds an object that is being deleted. Namespaces wait for their contents.
    public var isReleased: @Sendable (Object) -> Bool
    /// What changes in an object when it is marked as being deleted, besides metadata.
    public var markDeleted: @Sendable (inout Object) -> Void

    public init(
        descriptor: ResourceDescriptor, keyPrefix: String, contents: CacheContents = .all,
        selectableFieldNames: [String] = [],
        selectableFields: @escaping @Sendable (Object) -> [String: String] = { _ in [:] },
        present: @escaping @Sendable (Object) -> Object? = { _ in nil },
        sideEffects: @escaping @Sendable (ObjectWrite<Object>) throws -> [Mutation] = { _ in [] },
        returnsDeletedObject: Bool = false, supportsPropagation: Bool = true, ignoresNamespaceState: Bool = false,
        isReleased: @escaping @Sendable (Object) -> Bool = { _ in true },
        markDeleted: @escaping @Sendable (inout Object) -> Void = { _ in }
    ) {
        self.descriptor = descriptor
        self.keyPrefix = keyPrefix
        self.contents = contents
        self.selectableFieldNames = selectableFieldNames
        self.selectableFields = selectableFields
        self.present = present
        self.sideEffects = sideEffects
        self.returnsDeletedObject = returnsDeletedObject
        self.supportsPropagation = supportsPropagation
        self.ignoresNamespaceState = ignoresNamespaceState
        self.isReleased = isReleased
        self.markDeleted = markDeleted
    }
}

/// One write of one object, as side effects see it: `old` is nil on create, `new` is nil on removal.
public struct ObjectWrite<Object: APIObject>: Sendable {
    public var old: Object?
    public var new: Object?
    public var context: RequestContext

    public init(old: Object?, new: Object?, context: RequestContext) {
        self.old = old
        self.new = new
        self.context = context
    }
}
