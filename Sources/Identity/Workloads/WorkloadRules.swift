import APIMachinery
import APIServer

/// Reported workloads are stored and never acted on: this server runs nothing. What a spec says is for those to read
/// who want to know which images are in use, such as `oc adm prune images`.
struct WorkloadStrategy<Object: Workload>: Strategy {
    var isNamespaced: Bool { true }
    var allowsUnconditionalUpdate: Bool { true }

    func prepareForCreate(_ object: inout Object, _ context: RequestContext) async throws {
        context.warnings.warn(
            "this server runs no workloads: the \(Object.groupVersionKind.kind) is kept as a report of one that runs elsewhere"
        )
    }

    func validateForCreate(_ object: inout Object, _ context: RequestContext) async throws -> [FieldError] {
        WorkloadValidation.validate(object)
    }

    func prepareForUpdate(_ object: inout Object, old: Object, _ context: RequestContext) async throws {}

    func validateForUpdate(
        _ object: inout Object, old: Object, _ context: RequestContext
    ) async throws -> [FieldError] {
        WorkloadValidation.validate(object)
    }
}

enum WorkloadValidation {
    /// Clients read specs as objects: anything else would break their lists.
    static func validate(_ workload: some Workload) -> [FieldError] {
        var errors = ObjectMetaValidation.validate(
            workload.metadata, isNamespaced: true, nameRule: NameRules.subdomain)
        for (field, value) in [("spec", workload.spec), ("status", workload.status)]
        where !value.isEmpty && value.bytes.first != UInt8(ascii: "{") {
            errors.append(.invalid(field, .raw("<\(field)>"), "must be an object"))
        }
        return errors
    }
}
