import APIMachinery
import APIServer

enum RoleTable {
    /// The columns of bindings.
    static func bindings<Object: RoleBindingType>(_: Object.Type) -> TableColumns<Object> {
        TableColumns(
            columns: [
                .init("Name", format: "name", description: TableColumns<Object>.nameDescription),
                .init("Role", description: Object.schema.documentation(of: "roleRef")),
                .init("Age", description: TableColumns<Object>.createdDescription),
                .init("Users", description: "Users in the binding", priority: 1),
                .init("Groups", description: "Groups in the binding", priority: 1),
                .init("ServiceAccounts", description: "ServiceAccounts in the binding", priority: 1),
            ],
            cells: { binding, now in
                func names(_ kind: String) -> String {
                    binding.subjects.filter { $0.kind == kind }.map { subject in
                        kind == "ServiceAccount" ? "\(subject.namespace)/\(subject.name)" : subject.name
                    }.joined(separator: ", ")
                }
                return [
                    .string(binding.metadata.name), .string("\(binding.roleRef.kind)/\(binding.roleRef.name)"),
                    .string(HumanDuration.short(since: binding.metadata.creationTimestamp, now: now)),
                    .string(names("User")), .string(names("Group")), .string(names("ServiceAccount")),
                ]
            })
    }
}
