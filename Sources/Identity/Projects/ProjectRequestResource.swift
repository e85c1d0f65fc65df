import APIMachinery
import APIServer

/// `projectrequests`: whether one may have a project, and asking for one (spec/api-machinery.md 9.10).
struct ProjectRequestResource: CreatableResource, CollectionDocumentResource {
    typealias Object = ProjectRequest

    let namespaces: Namespaces
    let roles: Roles
    let authorizer: any Authorizer
    /// Makes the context of what the server does for the requester, with its own rights.
    let system: @Sendable () -> RequestContext

    let descriptor = ResourceDescriptor(
        groupVersion: ProjectRequest.groupVersionKind.groupVersion, name: "projectrequests",
        kind: ProjectRequest.groupVersionKind, isNamespaced: false)
    var table: TableColumns<ProjectRequest>? { nil }

    private static let reserved = ["kube", "kubernetes", "openshift"]

    /// The errors of requests spell the resource in the singular (recorded by spec/api-machinery.md 9.10).
    private static let errorResource = GroupResource(group: "project.openshift.io", resource: "project")

    func document(_ context: RequestContext) async throws -> any APIKind {
        let access = AccessAttributes(
            verb: "create", group: descriptor.groupVersion.group, resource: descriptor.name)
        guard try await authorizer.authorize(context.user, access).isAllowed else {
            var error = APIError.forbidden(Self.errorResource, "", "")
            error.status.message = "You may not request a new project via this API."
            throw error
        }
        return Status(status: "Success")
    }

    func create(
        _ object: ProjectRequest, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<ProjectRequest> {
        let name = object.metadata.name
        try check(name)
        var namespace = Namespace(metadata: ObjectMeta(name: name))
        // Nothing else of the request: labels and annotations of namespaces mean something to the server and to others,
        // and who asks for a project may not set those of a namespace.
        namespace.metadata.annotations[Project.displayName] = object.displayName
        namespace.metadata.annotations[Project.description] = object.description
        namespace.metadata.annotations[Project.requester] = context.user.name
        var own = context
        own.resource = Self.errorResource
        let made = try await namespaces.objects.create(
            namespace, strategy: NamespaceStrategy(), options: options, own)
        if !options.isDryRun {
            do {
                try await roles.createAdmin(context.user, of: name, system())
                try await roles.createBindings(in: name, system())
            } catch {
                // A project that its requester cannot use would only be in the way of the next attempt.
                var cleaning = system()
                cleaning.resource = NamespaceRules.descriptor.groupResource
                _ = try? await namespaces.objects.delete(name, options: DeleteOptions(), cleaning)
                throw error
            }
        }
        return .document(Project(made))
    }

    private func check(_ name: String) throws(APIError) {
        if Self.reserved.contains(name) {
            throw .forbidden(Self.errorResource, name, "cannot request a project with the name \(goQuoted(name))")
        }
        if let prefix = Self.reserved.map({ "\($0)-" }).first(where: name.hasPrefix) {
            throw .forbidden(Self.errorResource, name, "cannot request a project starting with \(goQuoted(prefix))")
        }
    }
}
