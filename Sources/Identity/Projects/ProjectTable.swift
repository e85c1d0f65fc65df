import APIMachinery
import APIServer
import JSON

enum ProjectTable {
    static let columns = TableColumns<Project>(
        columns: [
            .init("Name", format: "name", description: TableColumns<Project>.nameDescription),
            .init("Display Name", description: "The name shown to people."),
            .init("Status", description: ProjectStatus.schema.documentation(of: "phase")),
            .init("Age", description: TableColumns<Project>.createdDescription, priority: 1),
        ],
        cells: { project, now in
            [
                .string(project.metadata.name), .string(project.metadata.annotations[Project.displayName] ?? ""),
                .string(project.status.phase),
                .string(HumanDuration.short(since: project.metadata.creationTimestamp, now: now)),
            ]
        })
}
