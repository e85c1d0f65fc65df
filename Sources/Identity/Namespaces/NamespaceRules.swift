import APIMachinery
import APIServer

/// Namespaces (spec/api-machinery.md 3.7): enough of them for clients to work in; everything else of identity builds
/// on this folder.
public enum NamespaceRules {
    static let descriptor = ResourceDescriptor(
        groupVersion: GroupVersion(group: "", version: "v1"), name: "namespaces", kind: Namespace.groupVersionKind,
        isNamespaced: false, shortNames: ["ns"], isStored: true)

    /// The finalizer that keeps a namespace until its contents are gone.
    static let finalizer = "kubernetes"

    /// Namespaces that exist from the first start and are never deleted.
    public static let permanent = ["default", "kube-system", "kube-public", DefaultRoles.sharedNamespace]

    public static let kind = ObjectKind<Namespace>(
        descriptor: descriptor, keyPrefix: "/core/namespaces/",
        selectableFieldNames: ["name", "status.phase"],
        selectableFields: { ["name": $0.metadata.name, "status.phase": $0.status.phase] },
        returnsDeletedObject: true,
        isReleased: { $0.spec.finalizers.isEmpty },
        markDeleted: { $0.status.phase = "Terminating" })
}

/// What users may change of a namespace: metadata.
struct NamespaceStrategy: Strategy {
    var isNamespaced: Bool { false }
    var allowsUnconditionalUpdate: Bool { true }

    func prepareForCreate(_ object: inout Namespace, _ context: RequestContext) async throws {
        object.status = NamespaceStatus(phase: "Active")
        if !object.spec.finalizers.contains(NamespaceRules.finalizer) {
            object.spec.finalizers.append(NamespaceRules.finalizer)
        }
        object.metadata.labels["kubernetes.io/metadata.name"] = object.metadata.name
    }

    func validateForCreate(_ object: inout Namespace, _ context: RequestContext) async throws -> [FieldError] {
        ObjectMetaValidation.validate(object.metadata, isNamespaced: false, nameRule: NameRules.label)
    }

    func prepareForUpdate(_ object: inout Namespace, old: Namespace, _ context: RequestContext) async throws {
        object.spec.finalizers = old.spec.finalizers
        object.status = old.status
    }

    func validateForUpdate(
        _ object: inout Namespace, old: Namespace, _ context: RequestContext
    ) async throws -> [FieldError] { [] }
}

/// `/status`: the phase and conditions.
struct NamespaceStatusStrategy: Strategy {
    var isNamespaced: Bool { false }
    var allowsUnconditionalUpdate: Bool { true }

    func prepareForCreate(_ object: inout Namespace, _ context: RequestContext) async throws {}
    func validateForCreate(_ object: inout Namespace, _ context: RequestContext) async throws -> [FieldError] { [] }

    func prepareForUpdate(_ object: inout Namespace, old: Namespace, _ context: RequestContext) async throws {
        object.spec = old.spec
    }

    func validateForUpdate(
        _ object: inout Namespace, old: Namespace, _ context: RequestContext
    ) async throws -> [FieldError] { [] }
}

/// `/finalize`: the finalizers of the spec, and nothing else.
struct NamespaceFinalizeStrategy: Strategy {
    var isNamespaced: Bool { false }
    var allowsUnconditionalUpdate: Bool { true }

    func prepareForCreate(_ object: inout Namespace, _ context: RequestContext) async throws {}
    func validateForCreate(_ object: inout Namespace, _ context: RequestContext) async throws -> [FieldError] { [] }

    func prepareForUpdate(_ object: inout Namespace, old: Namespace, _ context: RequestContext) async throws {
        object.status = old.status
    }

    func validateForUpdate(
        _ object: inout Namespace, old: Namespace, _ context: RequestContext
    ) async throws -> [FieldError] { [] }
}
