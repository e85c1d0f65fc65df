import APIMachinery
import APIServer
import ImageAPI
import Store

/// The resources of image.openshift.io/v1, put together.
///
/// Make it before the store starts: it registers caches.
public struct ImageStreamsAPI: Sendable {
    public let configuration: ImageStreamsConfiguration
    public let streams: ObjectStore<ImageStream>
    public let images: ObjectStore<Image>
    /// Who is told of what happens to streams.
    public let eventSinks: ObjectStore<EventSink>
    /// Who may say that images elsewhere have changed.
    public let webhookReceivers: ObjectStore<WebhookReceiver>
    /// Everything the group serves, in the order of its documentation.
    public let resources: [any Resource]
    /// What is served beside them.
    public let handlers: [any PathHandler]
    /// What streams forget, and when.
    public let retention: Retention

    let store: Store
    let tags: TagStore
    let imports: ImageStreamImportResource
    let layerIndex: ImageLayerIndex
    private let layers: ImageStreamLayersResource

    /// - Throws: `RegistryAllowList.ConfigurationError` where the allow-list cannot be understood.
    public init(
        store: Store, configuration: ImageStreamsConfiguration, authorizer: any Authorizer,
        namespaces: (any NamespaceLookup)?, importer: any ImageImporter,
        secrets: any PullSecretSource = NoPullSecrets(), limits: any ImageStreamLimits = NoImageStreamLimits(),
        quota: any ObjectQuota = NoObjectQuota(), admission: [any TagAdmission] = [],
        retention sources: RetentionSources = RetentionSources()
    ) throws(RegistryAllowList.ConfigurationError) {
        self.configuration = configuration
        let location = RepositoryLocation(
            internalHostname: configuration.internalRegistryHostname,
            publicHostname: configuration.publicRegistryHostname)
        let streams = ObjectStore(
            kind: Self.streamKind(location), store: store, namespaces: namespaces)
        let images = ObjectStore(kind: Self.imageKind, store: store, namespaces: nil)
        let eventSinks = ObjectStore(kind: EventSinkStrategy.kind, store: store, namespaces: namespaces)
        let receivers = ObjectStore(kind: WebhookReceiverStrategy.kind, store: store, namespaces: namespaces)
        let rules = ImageStreamRules(
            defaults: ImageStreamDefaults(importMode: configuration.importMode), location: location,
            allowList: try RegistryAllowList(
                configuration.allowedRegistries, internalRegistry: configuration.internalRegistryHostname),
            imports: configuration.imports,
            ledger: TagLedger(
                internalRegistry: configuration.internalRegistryHostname, authorizer: authorizer, limits: limits,
                admission: admission, stream: { try await streams.object($1, namespace: $0) }))
        let tags = TagStore(streams: streams, images: images, rules: rules, authorizer: authorizer, quota: quota)
        let layerIndex = ImageLayerIndex(store)
        let layers = ImageStreamLayersResource(streams: streams, index: layerIndex)
        let retention = Retention(
            store: store, tags: tags, index: layerIndex, namespaces: namespaces, sources: sources,
            configuration: configuration)
        let imports = ImageStreamImportResource(tags: tags, importer: importer, secrets: secrets)
        let mappings = ImageStreamMappingResource(
            tags: tags, internalRegistry: configuration.internalRegistryHostname)
        self.store = store
        self.streams = streams
        self.images = images
        self.eventSinks = eventSinks
        webhookReceivers = receivers
        self.tags = tags
        self.layers = layers
        self.layerIndex = layerIndex
        self.imports = imports
        self.retention = retention
        let tagResource = ImageStreamTagResource(tags: tags)
        let streamImages = ImageStreamImageResource(streams: streams, images: images, layers: layers)
        handlers = [
            ImagePolicyWebhook(
                policy: ImagePolicy(
                    configuration: configuration.imagePolicy,
                    resolver: ImageResolver(
                        tags: tagResource, streamImages: streamImages,
                        internalRegistry: configuration.internalRegistryHostname),
                    namespaceAnnotations: { try await namespaces?.annotations(of: $0) ?? [:] }))
        ]
        resources =
            [
                StoredResource(images, strategy: ImageStrategy(), table: ImageTable.columns),
                ImageSignatureResource(images: images),
                StoredResource(
                    streams, strategy: ImageStreamStrategy(rules: rules), table: ImageStreamTable.columns,
                    aroundCreate: tags.chargingStream),
                StoredSubresource(streams, name: "status", strategy: ImageStreamStatusStrategy(rules: rules)),
                layers,
                ImageStreamSecretsResource(secrets: secrets),
                tagResource,
                ImageTagResource(tags: tags),
                streamImages,
                mappings,
                imports,
                TagHistoryResource(store: store),
                StoredResource(
                    eventSinks, strategy: EventSinkStrategy { try await eventSinks.names(in: $0) },
                    table: EventSinkTable.columns),
                StoredSubresource(eventSinks, name: "status", strategy: EventSinkStatusStrategy()),
                StoredResource(
                    receivers,
                    strategy: WebhookReceiverStrategy(publicURL: configuration.publicURL, authorizer: authorizer) {
                        try await receivers.names(in: $0)
                    }, table: WebhookReceiverTable.columns),
            ] + retention.resources
    }

    /// Runs an import as the controllers ask for it: as a client's request, with the same checks.
    ///
    /// - Parameter context: `namespace` is the stream's; `cause` tells imports and the schedule apart in the history.
    /// - Parameter isBackground: nobody waits for it: registries that have had enough are left alone.
    /// - Returns: the import with its status; single images that failed are in there.
    /// - Throws: `APIError`, for example 409 where the stream has changed since the request was made.
    public func runImport(
        _ request: ImageStreamImport, options: WriteOptions = WriteOptions(), isBackground: Bool = false,
        _ context: RequestContext
    ) async throws -> ImageStreamImport {
        try await imports.run(request, options: options, isBackground: isBackground, context)
    }

    /// Adds signatures to an Image, as an update of it by the server itself.
    ///
    /// Stored ones are never touched: that would void what a verifier said of them. Races are run again.
    /// - Throws: `APIError`: 404 where there is no such Image.
    public func addSignatures(
        _ signatures: [ImageSignature], to image: String, limits: SignatureLimits, _ context: RequestContext
    ) async throws -> SignatureAddition {
        var context = context
        context.resource = ImageStreamsGroup.resource("images")
        context.namespace = ""
        return try await limits.record(signatures, image: image, in: images, context)
    }

    /// Writes how the delivery to a sink goes.
    public func recordDelivery(
        to name: String, namespace: String, _ context: RequestContext,
        _ change: @escaping @Sendable (inout EventSinkStatus) -> Void
    ) async throws {
        var context = context
        context.namespace = namespace
        context.resource = EventSinkStrategy.kind.descriptor.groupResource
        _ = try await eventSinks.update(
            name, strategy: EventSinkStatusStrategy(), options: WriteOptions(), context,
            change: ObjectChange(isPatch: true) { current in
                var sink = try current.object()
                change(&sink.status)
                return sink
            })
    }

    /// The blobs and images of a stream.
    public func layers(of stream: ImageStream) async throws(APIError) -> ImageStreamLayers {
        try await layers.layers(of: stream)
    }

    /// Where clusters ask for the image policy.
    public static let policyPaths: Set = [ImagePolicyWebhook.mutatingPath, ImagePolicyWebhook.validatingPath]

    // MARK: Stored types

    private static func streamKind(_ location: RepositoryLocation) -> ObjectKind<ImageStream> {
        ObjectKind(
            descriptor: ResourceDescriptor(
                groupVersion: ImageStreamsGroup.version, name: "imagestreams",
                kind: ImageStreamsGroup.kind("ImageStream"), isNamespaced: true, shortNames: ["is"],
                categories: ["all"], isStored: true),
            keyPrefix: "/image.openshift.io/imagestreams/",
            selectableFieldNames: ["spec.dockerImageRepository", "status.dockerImageRepository"],
            selectableFields: {
                [
                    "spec.dockerImageRepository": $0.spec.dockerImageRepository,
                    "status.dockerImageRepository": $0.status.dockerImageRepository,
                ]
            },
            present: location.presented, sideEffects: TagLedger.record)
    }

    private static var imageKind: ObjectKind<Image> {
        ObjectKind(
            descriptor: ResourceDescriptor(
                groupVersion: ImageStreamsGroup.version, name: "images", kind: ImageStreamsGroup.kind("Image"),
                isNamespaced: false, isStored: true),
            keyPrefix: "/image.openshift.io/images/", contents: .recent(bytes: 8 << 20),
            sideEffects: ImageLayerRecord.rows, supportsPropagation: false)
    }
}
