import JSON

/// Keeps `metadata.managedFields` of one type: who set which field, by which kind of write (spec/api-machinery.md 6.9 to
/// 6.14).
///
///     let fields = FieldManager(schema: ImageStream.schema, identity: ImageStream.groupVersionKind)
///     object.metadata.managedFields = fields.update(
///         old: .init(live, managers: old.metadata.managedFields), new: document,
///         submitted: .init(object.metadata.managedFields), manager: "kubectl-edit", now: now)
///
/// Make one per resource and keep it: it holds the type in a form that is quick to walk. Safe to use from any task.
public struct FieldManager: Sendable {
    /// Owner of what was there before anything was tracked.
    public static let untrackedManager = "before-first-apply"

    let type: ApplyType
    let identity: GroupVersionKind
    let subresource: String
    /// What nobody owns: the server's own fields, and those this way of writing cannot set.
    let unowned: FieldSet
    private let resetFields: FieldSet
    private let emptyDocument: JSONValue
    let emptyBytes: [UInt8]

    /// - Parameter resetFields: fields that writes through this resource cannot change; they are never owned through it.
    public init(
        schema: TypeSchema, identity: GroupVersionKind, subresource: String = "", resetFields: FieldSet = FieldSet()
    ) {
        type = ApplyType(schema)
        self.identity = identity
        self.subresource = subresource
        self.resetFields = resetFields
        unowned = Self.systemFields
        emptyDocument = schema.emptyDocument
        emptyBytes = emptyDocument.jsonBytes()
    }

    /// An object as it is stored.
    public struct State: Sendable {
        /// Its JSON; `metadata.managedFields` in it is not looked at.
        public var document: JSONValue
        public var managers: [ManagedFieldsEntry]

        public init(_ document: JSONValue, managers: [ManagedFieldsEntry]) {
            self.document = document
            self.managers = managers
        }
    }

    /// The managed fields a client sent with an object.
    public enum SubmittedManagers: Sendable, Hashable {
        /// None: the stored ones hold.
        case absent
        /// An empty list, or one empty entry: they are to be forgotten.
        case reset
        case entries([ManagedFieldsEntry])

        /// - Parameter isExplicitlyEmpty: the document has the list, and it has no elements.
        public init(_ entries: [ManagedFieldsEntry], isExplicitlyEmpty: Bool = false) {
            if entries.isEmpty {
                self = isExplicitlyEmpty ? .reset : .absent
            } else if entries == [ManagedFieldsEntry()] {
                self = .reset
            } else {
                self = .entries(entries)
            }
        }

        /// As a document has them that was not decoded yet: only there an empty list differs from none.
        public init(_ entries: [ManagedFieldsEntry], in document: JSONValue) {
            self.init(
                entries,
                isExplicitlyEmpty: document["metadata"]?["managedFields"]?.arrayValue?.isEmpty ?? false)
        }
    }

    /// What a request says of itself where it names no field manager: the program in front of the first slash of its
    /// User-Agent, printable, at most 128 bytes (6.9).
    public static func managerName(userAgent: String) -> String {
        var name = ""
        var size = 0
        for scalar in userAgent.prefix(while: { $0 != "/" }).unicodeScalars where prints(scalar) {
            size += Unicode.UTF8.width(scalar)
            guard size <= 128 else { break }
            name.unicodeScalars.append(scalar)
        }
        return name.isEmpty ? "unknown" : name
    }

    private static func prints(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == " " { return true }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            return false
        default: return true
        }
    }

    private static let systemFields = FieldSet(
        [
            FieldPath("apiVersion"), FieldPath("kind"), FieldPath("metadata"),
        ]
            + [
                "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation",
                "managedFields", "resourceVersion",
            ].map { FieldPath("metadata", $0) })

    /// What there is to compare with before an object exists.
    func document(of state: State?) -> JSONValue { state?.document ?? emptyDocument }

    /// The paths of a set that this resource can own.
    func owned(_ fields: FieldSet) -> FieldSet {
        fields.subtractingTrees(resetFields).subtracting(unowned)
    }

    func identity(of manager: String, _ operation: ManagerIdentity.Operation) -> ManagerIdentity {
        ManagerIdentity(
            name: manager, operation: operation, apiVersion: operation == .update ? identity.apiVersion : "",
            subresource: subresource)
    }
}
