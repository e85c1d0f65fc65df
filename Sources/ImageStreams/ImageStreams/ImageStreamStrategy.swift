import APIMachinery
import APIServer
import ImageAPI

/// What all strategies of image streams share.
struct ImageStreamRules: Sendable {
    var defaults: ImageStreamDefaults
    var location: RepositoryLocation
    var allowList: RegistryAllowList
    var imports: ImportSettings
    var ledger: TagLedger

    /// Tells the user of annotations that are not done as they say.
    func warn(of stream: ImageStream, old: ImageStream?, _ context: RequestContext) {
        for text in ImportAnnotations.warnings(for: stream, old: old, settings: imports) { context.warnings.warn(text) }
        for text in MirrorPlan.warnings(for: stream, old: old) { context.warnings.warn(text) }
    }
}

/// How streams are created and updated (spec/image-resources.md 9.2, 9.3).
struct ImageStreamStrategy: Strategy {
    /// Who writes: clients own the spec, the server's own operations the status as well.
    enum Writer: Sendable {
        case client
        /// Tags, imports: the submitted status is kept.
        case server
    }

    let rules: ImageStreamRules
    var writer: Writer = .client
    /// Lets images of any registry in: for imports by users who may create images anyway (A.5).
    var ignoresAllowList = false

    var isNamespaced: Bool { true }

    func applyDefaults(_ stream: inout ImageStream) { rules.defaults.apply(to: &stream) }

    func prepareForCreate(_ stream: inout ImageStream, _ context: RequestContext) async throws {
        rules.defaults.apply(to: &stream)
        if writer == .client { stream.status = ImageStreamStatus() }
        rules.location.apply(to: &stream)
        TagGenerations.prepareCreate(&stream)
    }

    func validateForCreate(_ stream: inout ImageStream, _ context: RequestContext) async throws -> [FieldError] {
        rules.warn(of: stream, old: nil, context)
        let failures = try await rules.ledger.settle(&stream, old: nil, context)
        return failures + ImageStreamValidation.validate(stream, allowList: allowList(old: nil))
    }

    func prepareForUpdate(_ stream: inout ImageStream, old: ImageStream, _ context: RequestContext) async throws {
        rules.defaults.apply(to: &stream)
        switch writer {
        case .client: stream.status = old.status
        case .server: stream.status.tags.removeAll { $0.items.isEmpty && $0.conditions.isEmpty }
        }
        rules.location.apply(to: &stream)
        TagGenerations.prepareUpdate(&stream, old: old)
    }

    func validateForUpdate(
        _ stream: inout ImageStream, old: ImageStream, _ context: RequestContext
    ) async throws -> [FieldError] {
        rules.warn(of: stream, old: old, context)
        let failures = try await rules.ledger.settle(&stream, old: old, context)
        return failures + ObjectMetaValidation.validateUpdate(stream.metadata, old: old.metadata)
            + ImageStreamValidation.validateUpdate(stream, old: old) { allowList(old: old) }
    }

    private func allowList(old: ImageStream?) -> RegistryAllowList {
        if ignoresAllowList { return RegistryAllowList() }
        guard let old else { return rules.allowList }
        return rules.allowList.exempting(ImageStreamValidation.pullSpecs(of: old))
    }
}

/// Writes of `/status`, by clients and by pushes (spec/image-resources.md 9.13).
///
/// Labels, annotations and `spec.lookupPolicy` go through: the reference lets them, and the pruner relies on nothing
/// more than the history being its to write.
struct ImageStreamStatusStrategy: Strategy {
    let rules: ImageStreamRules

    var isNamespaced: Bool { true }

    func applyDefaults(_ stream: inout ImageStream) { rules.defaults.apply(to: &stream) }

    func prepareForCreate(_ stream: inout ImageStream, _ context: RequestContext) async throws {
        throw APIError.methodNotAllowed
    }

    func validateForCreate(_ stream: inout ImageStream, _ context: RequestContext) async throws -> [FieldError] { [] }

    func prepareForUpdate(_ stream: inout ImageStream, old: ImageStream, _ context: RequestContext) async throws {
        rules.defaults.apply(to: &stream)
        stream.spec.tags = old.spec.tags
        stream.spec.dockerImageRepository = old.spec.dockerImageRepository
        TagGenerations.prepareStatusUpdate(&stream, old: old)
    }

    func validateForUpdate(
        _ stream: inout ImageStream, old: ImageStream, _ context: RequestContext
    ) async throws -> [FieldError] {
        let references = ImageStreamValidation.validateStatusUpdate(
            stream, old: old,
            allowList: rules.allowList.exempting(ImageStreamValidation.pullSpecs(of: old)))
        if !references.isEmpty { return references }
        return try await rules.ledger.check(&stream, old: old, context)
    }
}
