import APIMachinery
import APIServer
import ImageAPI
import OCI

/// POST `imagestreamimports`: looks at images elsewhere, and records them in a stream (spec/image-resources.md 17).
struct ImageStreamImportResource: CreatableResource {
    typealias Object = ImageStreamImport

    let tags: TagStore
    let importer: any ImageImporter
    let secrets: any PullSecretSource

    var descriptor: ResourceDescriptor {
        ResourceDescriptor(
            groupVersion: ImageStreamsGroup.version, name: "imagestreamimports",
            kind: ImageStreamsGroup.kind("ImageStreamImport"), isNamespaced: true)
    }
    var table: TableColumns<ImageStreamImport>? { nil }

    func create(
        _ object: ImageStreamImport, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<ImageStreamImport> {
        let asks = object.spec.import && (!object.spec.images.isEmpty || object.spec.repository != nil)
        let name = object.metadata.name
        guard asks, !name.isEmpty else { return .object(Output(try await run(object, options: options, context))) }
        return .object(
            Output(
                try await tags.charging(stream: name, subject: name, options: options, context) {
                    try await run(object, options: options, context)
                }))
    }

    /// One import. Failures of single images are in the status of the result, never thrown.
    ///
    /// A dry run fetches and answers like a real one and stores nothing.
    func run(
        _ object: ImageStreamImport, options: WriteOptions, isBackground: Bool = false, _ context: RequestContext
    ) async throws -> ImageStreamImport {
        let precondition = object.metadata.resourceVersion
        var request = object
        let context = context.with(cause: "import")
        tags.rules.defaults.apply(to: &request)
        try VirtualObjects.checkNamespace(request.metadata, context)
        SystemMetadata.fill(&request.metadata, namespace: context.namespace, context)
        request.metadata.resourceVersion = precondition
        request.status = ImageStreamImportStatus()
        try check(ImageStreamImportValidation.validate(request), request)
        let isExempt = try await checkRegistries(request, context)

        let stream = try await target(of: request, precondition: precondition, context)
        let pullSecrets = try await pullSecrets(context)
        let delivery = await fetch(
            request, for: stream, secrets: pullSecrets, isBackground: isBackground, context)
        for warning in delivery.warnings { context.warnings.warn(warning) }
        var results = ImportResults(delivery, now: context.now)
        if request.spec.import {
            try await results.storeImages(spec: request.spec) { image in
                try await store(image, options: options, context)
            }
            let recorder = ImportRecorder(
                tags: tags, ignoresAllowList: isExempt, options: options, mayRepeat: precondition.isEmpty)
            request.status.import = try await recorder.record(
                results.entries(spec: request.spec), in: stream, name: request.metadata.name, context)
        }
        results.fill(&request)
        return request
    }

    private func check(_ errors: [FieldError], _ request: ImageStreamImport) throws(APIError) {
        if !errors.isEmpty { throw .invalid(descriptor.groupKind, request.metadata.name, errors) }
    }

    // MARK: Before anything is fetched

    /// Users who may create Images, or mappings, import from anywhere (17.2). Both spellings of the latter are asked
    /// for: existing roles have the odd singular.
    /// - Returns: whether the allow-list does not bind the user.
    private func checkRegistries(_ request: ImageStreamImport, _ context: RequestContext) async throws -> Bool {
        guard !tags.rules.allowList.allowsEverything else { return true }
        for resource in ["images", "imagestreammapping", "imagestreammappings"] {
            let attributes = AccessAttributes(verb: "create", group: ImageStreamsGroup.name, resource: resource)
            if try await tags.authorizer.authorize(context.user, attributes).isAllowed { return true }
        }
        try check(
            ImageStreamImportValidation.refusals(request, allowList: tags.rules.allowList), request)
        return false
    }

    /// The stream to import into; nil where the import has to make it (17.3).
    private func target(
        of request: ImageStreamImport, precondition: String, _ context: RequestContext
    ) async throws -> ImageStream? {
        let name = request.metadata.name
        guard let stream = try await tags.streams.object(name, namespace: context.namespace) else {
            if !precondition.isEmpty { throw APIError.notFound(context.resource, name) }
            return nil
        }
        let current = stream.metadata.resourceVersion
        if !precondition.isEmpty, precondition != current {
            throw APIError.conflict(
                ImageStreamsGroup.resource("imagestream"), name,
                "the image stream was updated from \(goQuoted(precondition)) to \(goQuoted(current))")
        }
        return stream
    }

    private func pullSecrets(_ context: RequestContext) async throws -> [Secret] {
        do {
            return try await secrets.pullSecrets(in: context.namespace).items
        } catch {
            throw APIError.internalError((error as? APIError)?.message ?? "\(error)")
        }
    }

    // MARK: Fetching

    private func fetch(
        _ request: ImageStreamImport, for stream: ImageStream?, secrets: [Secret], isBackground: Bool,
        _ context: RequestContext
    ) async -> ImportDelivery {
        var order = ImportOrder(request, for: stream, namespace: context.namespace)
        order.isBackground = isBackground
        order.pullSecrets = secrets
        let first = ImportResults.aligned(await importer.fetch(order), with: request.spec)
        guard !secrets.isEmpty, first.hasRefusedPassword else { return first }
        // Some registries answer 401 for public images too when a wrong password is presented (A.22).
        order.pullSecrets = []
        var second = ImportResults.aligned(await importer.fetch(order), with: request.spec)
        second.warnings = first.warnings
        for index in second.images.indices where second.images[index].isUnauthorized {
            second.images[index] = first.images[index]
        }
        return second
    }

    // MARK: Storing Images

    /// Stores an Image without its texts. One that exists is left as it is; what is shown is the new one.
    private func store(
        _ image: Image, options: WriteOptions, _ context: RequestContext
    ) async throws -> Image {
        var stored = image
        stored.signatures = []
        stored.dockerImageManifest = ""
        stored.dockerImageConfig = ""
        do {
            return try await tags.images.create(
                stored, strategy: ImageStrategy(), options: WriteOptions(isDryRun: options.isDryRun), context)
        } catch let error as APIError where error.reason == "AlreadyExists" {
            SystemMetadata.fill(&stored.metadata, namespace: "", context)
            return stored
        }
    }
}

extension ImportOrder {
    /// What a request wants. The stream's spec tags know which platforms are preferred (A.13).
    init(_ request: ImageStreamImport, for stream: ImageStream?, namespace: String) {
        self.namespace = namespace
        pullSecrets = []
        images = request.spec.images.compactMap { item in
            guard let reference = try? ImageReference(parsing: item.from.name) else { return nil }
            let tag = item.to?.name ?? reference.tag.nonEmpty ?? TagResolution.defaultTag
            let annotations = reference.id.isEmpty ? stream?.spec.tag(tag)?.annotations ?? [:] : [:]
            return Item(
                text: item.from.name, reference: reference, importMode: item.importPolicy.importMode,
                isInsecure: item.importPolicy.insecure,
                preferredArchitecture: annotations[KnownAnnotation.preferredArchitecture] ?? "",
                preferredOS: annotations[KnownAnnotation.preferredOS] ?? "")
        }
        repository = request.spec.repository.flatMap { repository in
            (try? ImageReference(parsing: repository.from.name)).map {
                Repository(
                    text: repository.from.name, reference: $0, importMode: repository.importPolicy.importMode,
                    isInsecure: repository.importPolicy.insecure)
            }
        }
    }
}

extension ImportDelivery {
    fileprivate var hasRefusedPassword: Bool {
        images.contains { answer in
            guard answer.isUnauthorized, case .failure(let status) = answer.outcome else { return false }
            return status.message.lowercased().contains("username or password")
        }
    }
}

extension ImportDelivery.Answer {
    fileprivate var isUnauthorized: Bool {
        if case .failure(let status) = outcome { status.reason == "Unauthorized" } else { false }
    }
}
