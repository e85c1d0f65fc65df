import APIMachinery
import APIServer

/// `projects`: the namespaces a user may see, and what they may change of them (spec/api-machinery.md 9.10).
struct ProjectResource: GettableResource, WatchableResource, CreatableResource, UpdatableResource, DeletableResource {
    let namespaces: Namespaces
    let visibility: ProjectVisibility

    let descriptor = ResourceDescriptor(
        groupVersion: Project.groupVersionKind.groupVersion, name: "projects", kind: Project.groupVersionKind,
        isNamespaced: false)
    var table: TableColumns<Project>? { ProjectTable.columns }

    func get(_ name: String, options: GetOptions, _ context: RequestContext) async throws -> Output<Project> {
        Output(Project(try await namespaces.objects.get(name, options: options, context).object()))
    }

    func list(_ options: ListOptions, _ context: RequestContext) async throws -> OutputList<Project> {
        // A page of what one may see is no page of what there is.
        var all = options
        all.limit = 0
        all.continueToken = ""
        let list = try await namespaces.objects.list(all, context)
        var shown: [Output<Project>] = []
        for item in try await list.allItems() {
            let namespace = try item.object()
            if try await visibility.isVisible(namespace.metadata.name, to: context.user) {
                shown.append(Output(Project(namespace)))
            }
        }
        return OutputList(items: shown, metadata: list.metadata)
    }

    func watch(_ options: ListOptions, _ context: RequestContext) async throws -> any WatchStream<Project> {
        var present = ListOptions()
        present.labelSelector = options.labelSelector
        present.fieldSelector = options.fieldSelector
        let known = try await namespaces.objects.list(present, context).allItems().map { try $0.object() }
        let stream = try await namespaces.objects.watch(options, context)
        let wantsState =
            options.sendInitialEvents ?? (options.resourceVersion.isEmpty || options.resourceVersion == "0")
        let watch = ProjectWatch(stream, visibility, user: context.user, known: wantsState ? [] : known)
        try await watch.begin()
        return watch
    }

    func create(
        _ object: Project, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<Project> {
        var namespace = Namespace(metadata: object.metadata)
        namespace.spec.finalizers = object.spec.finalizers
        let made = try await namespaces.objects.create(
            namespace, strategy: NamespaceStrategy(), options: options, context)
        return .object(Output(Project(made)))
    }

    func update(
        _ name: String, options: WriteOptions, _ context: RequestContext, change: ObjectChange<Project>
    ) async throws -> (Output<Project>, created: Bool) {
        let updated = try await namespaces.objects.update(
            name, strategy: NamespaceStrategy(), options: options, context,
            change: ObjectChange(isPatch: change.isPatch) { current in
                let old = try current.object()
                let wanted = try await change.apply(Output(Project(old)))
                let errors = ProjectValidation.validateUpdate(wanted, old: Project(old))
                guard errors.isEmpty else { throw APIError.invalid(descriptor.groupKind, name, errors) }
                var new = old
                new.metadata.annotations = wanted.metadata.annotations
                new.metadata.resourceVersion = wanted.metadata.resourceVersion
                return new
            })
        return (Output(Project(updated)), false)
    }

    func delete(
        _ name: String, options: DeleteOptions, _ context: RequestContext
    ) async throws -> DeleteOutput<Project> {
        var own = context
        own.resource = NamespaceRules.descriptor.groupResource
        _ = try await NamespaceResource(objects: namespaces.objects).delete(name, options: options, own)
        return .status(Status(status: "Success"))
    }
}

/// What may change of a project through this view.
enum ProjectValidation {
    private static let mutable = [Project.displayName, Project.description, Project.nodeSelector]

    static func validateUpdate(_ new: Project, old: Project) -> [FieldError] {
        var errors: [FieldError] = []
        let text = "field is immutable, try updating the namespace"
        let names = Set(new.metadata.annotations.keys).union(old.metadata.annotations.keys)
        for name in names.sorted() where !mutable.contains(name) {
            let value = new.metadata.annotations[name] ?? ""
            if new.metadata.annotations[name] != old.metadata.annotations[name] {
                errors.append(.invalid("metadata.annotations[\(name)]", .string(value), text))
            }
        }
        for name in Set(new.metadata.labels.keys).union(old.metadata.labels.keys).sorted()
        where new.metadata.labels[name] != old.metadata.labels[name] {
            errors.append(.invalid("metadata.labels[\(name)]", .string(new.metadata.labels[name] ?? ""), text))
        }
        if let display = new.metadata.annotations[Project.displayName], display.contains("\n") {
            errors.append(
                .invalid(
                    "metadata.annotations[\(Project.displayName)]", .string(display),
                    "may not contain a new line or tab"))
        }
        return errors
    }
}
