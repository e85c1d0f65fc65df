import APIMachinery
import APIServer
import ImageStreams
import Importing
import OCI

/// Fetches the images of an import from their registries: joins what image streams ask for to what `Importing` can do.
public struct RegistryImporter: ImageImporter {
    private let importer: Importer
    private let reports: BrokenSecretReports

    /// - Parameter recorder: tells people of pull secrets that cannot be read.
    public init(_ importer: Importer, recorder: any EventRecorder = NoEventRecorder()) {
        self.importer = importer
        reports = BrokenSecretReports(recorder)
    }

    public func fetch(_ order: ImportOrder) async -> ImportDelivery {
        let request = ImportRequest(
            images: order.images.map { item in
                ImageImportEntry(
                    from: item.text, mode: ImportMode(rawValue: item.importMode) ?? .legacy,
                    insecure: item.isInsecure, preferredArchitecture: item.preferredArchitecture,
                    preferredOS: item.preferredOS)
            },
            repository: order.repository.map { repository in
                RepositoryImportEntry(
                    from: repository.text, mode: ImportMode(rawValue: repository.importMode) ?? .legacy,
                    insecure: repository.isInsecure)
            })
        let (keyring, broken) = RegistryKeyring.reading(order.pullSecrets)
        await reports.tell(broken)
        let result = await importer.run(request, credentials: keyring, isBackground: order.isBackground)
        return ImportDelivery(
            images: result.images.map(Self.answer),
            repository: result.repository.map { repository in
                ImportDelivery.Repository(
                    status: repository.status.map(Status.init) ?? Status(status: "Success"),
                    images: repository.images.map(Self.answer), additionalTags: repository.additionalTags)
            }, warnings: broken.map(\.description))
    }

    private static func answer(_ result: ImageImportResult) -> ImportDelivery.Answer {
        switch result.result {
        case .success(let image): .init(tag: result.tag ?? "", outcome: .image(FetchedImage(image)))
        case .failure(let failure): .init(tag: result.tag ?? "", outcome: .failure(Status(failure.status)))
        }
    }
}

extension FetchedImage {
    init(_ image: ImportedImage) {
        self.init(
            dockerImageReference: image.dockerImageReference, digest: image.digest, manifest: image.manifestBytes,
            mediaType: image.manifest.mediaType, config: image.config,
            layers: image.layers.map { Layer(name: $0.name.description, size: $0.size, mediaType: $0.mediaType) },
            size: image.size, children: image.children.map(FetchedImage.init))
    }
}

extension Status {
    init(_ status: ImportStatus) {
        self.init(
            status: "Failure", message: status.message, reason: status.reason,
            details: status.details.map { details in
                StatusDetails(
                    name: details.name, group: details.group, kind: details.kind,
                    causes: details.causes.map {
                        StatusCause(reason: $0.reason, message: $0.message, field: $0.field)
                    }, retryAfterSeconds: details.retryAfterSeconds)
            },
            code: status.code ?? 0)
    }
}
