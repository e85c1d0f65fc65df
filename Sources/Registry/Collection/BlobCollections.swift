import APIMachinery
import APIServer
import ImageAPI
import JSON
import Store

/// Runs of the collector as objects: what is asked for, how far it is, what it found (spec/registry.md GC-10, 8.5-4).
public struct BlobCollections: Sendable {
    let objects: ObjectStore<BlobCollection>

    /// Runs that are remembered.
    static let remembered = 20

    static let kind = ObjectKind<BlobCollection>(
        descriptor: ResourceDescriptor(
            groupVersion: GroupVersion(group: "weir.dev", version: "v1alpha1"), name: "blobcollections",
            kind: BlobCollection.groupVersionKind, isNamespaced: false, shortNames: ["gc"], isStored: true),
        keyPrefix: "/weir.dev/blobcollections/")

    /// Registers the cache: before the store starts.
    public init(store: Store) { objects = ObjectStore(kind: Self.kind, store: store) }

    public var resources: [any Resource] {
        [StoredResource(objects, strategy: BlobCollectionStrategy(), table: BlobCollectionTable.columns)]
    }

    enum Phase: String {
        case pending = "Pending"
        case running = "Running"
        case complete = "Complete"
        case failed = "Failed"
    }

    /// - Returns: nil where the object has gone.
    func update(
        _ name: String, _ context: RequestContext, _ change: @escaping @Sendable (inout BlobCollectionStatus) -> Void
    ) async throws {
        do {
            _ = try await objects.update(
                name, strategy: BlobCollectionStrategy(isServer: true), options: WriteOptions(), context,
                change: ObjectChange(isPatch: true) { current in
                    var object = try current.object()
                    change(&object.status)
                    return object
                })
        } catch let error as APIError where error.reason == "NotFound" {
            return
        }
    }

    func create(_ collection: BlobCollection, _ context: RequestContext) async throws {
        _ = try await objects.create(
            collection, strategy: BlobCollectionStrategy(isServer: true), options: WriteOptions(), context)
    }

    /// Forgets the oldest runs that have ended.
    func forget(_ context: RequestContext) async throws {
        let ended = try await objects.listObjects(ListOptions(), namespace: "").objects.filter {
            [Phase.complete.rawValue, Phase.failed.rawValue].contains($0.status.phase)
        }.sorted { $0.metadata.creationTimestamp < $1.metadata.creationTimestamp }
        for old in ended.dropLast(Self.remembered) {
            do { _ = try await objects.delete(old.metadata.name, options: DeleteOptions(), context) } catch let error
                as APIError where error.reason == "NotFound"
            {
                continue
            }
        }
    }
}

/// Who asks for a run says what it is to do; the rest is the server's.
struct BlobCollectionStrategy: Strategy {
    var isServer = false

    var isNamespaced: Bool { false }
    var allowsUnconditionalUpdate: Bool { true }

    func prepareForCreate(_ object: inout BlobCollection, _ context: RequestContext) async throws {
        if !isServer { object.status = BlobCollectionStatus(phase: BlobCollections.Phase.pending.rawValue) }
    }

    func validateForCreate(_ object: inout BlobCollection, _ context: RequestContext) async throws -> [FieldError] {
        ObjectMetaValidation.validate(object.metadata, isNamespaced: false, nameRule: NameRules.subdomain)
    }

    func prepareForUpdate(
        _ object: inout BlobCollection, old: BlobCollection, _ context: RequestContext
    ) async throws {
        if !isServer { object.status = old.status }
    }

    func validateForUpdate(
        _ object: inout BlobCollection, old: BlobCollection, _ context: RequestContext
    ) async throws -> [FieldError] {
        object.spec == old.spec ? [] : [.forbidden("spec", "a run that was asked for cannot be changed")]
    }
}

enum BlobCollectionTable {
    static let columns = TableColumns<BlobCollection>(
        columns: [
            .init("Name", format: "name", description: TableColumns<BlobCollection>.nameDescription),
            .init("Phase", description: documentation("phase")),
            .init("Dry Run", description: BlobCollectionSpec.schema.documentation(of: "dryRun")),
            .init("Reachable", description: documentation("reachable")),
            .init("Condemned", description: documentation("condemned")),
            .init("Swept", description: documentation("swept")),
            .init("Age", description: TableColumns<BlobCollection>.createdDescription),
            .init("Waiting", description: documentation("waiting"), priority: 1),
            .init("Manifests", type: "integer", description: documentation("manifests"), priority: 1),
            .init("Message", description: documentation("message"), priority: 1),
        ],
        cells: { collection, now in
            let status = collection.status
            return [
                .string(collection.metadata.name), .string(status.phase), .bool(collection.spec.dryRun),
                amount(status.reachable), amount(status.condemned), amount(status.swept),
                .string(HumanDuration.short(since: collection.metadata.creationTimestamp, now: now)),
                amount(status.waiting), .integer(status.manifests), .string(status.message),
            ]
        })

    private static func documentation(_ field: String) -> String {
        BlobCollectionStatus.schema.documentation(of: field)
    }

    private static func amount(_ amount: BlobCollectionAmount) -> JSONValue {
        .string("\(amount.blobs) (\(amount.bytes / (1 << 20)) MiB)")
    }
}
