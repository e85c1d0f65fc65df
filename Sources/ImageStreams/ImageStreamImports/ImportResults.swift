import APIMachinery
import APIServer
import ImageAPI
import OCI

/// What an import found, on its way into the stream and into the answer.
struct ImportResults {
    /// One image that was asked for, or one tag of a repository.
    struct Result {
        /// The source tag; empty for digests.
        var tag: String
        var outcome: Swift.Result<Found, Failed>
    }

    struct Found {
        var image: Image
        var manifests: [Image]
        /// The pull spec for the event, which stays although an Image that exists may have another.
        var reference: String
    }

    struct Failed: Error {
        var status: Status
    }

    var images: [Result]
    var repository: [Result]
    var repositoryStatus: Status?
    var additionalTags: [String]

    init(_ delivery: ImportDelivery, now: Timestamp) {
        images = delivery.images.map { Self.result($0, now: now) }
        repository = delivery.repository?.images.map { Self.result($0, now: now) } ?? []
        repositoryStatus = delivery.repository?.status
        additionalTags = delivery.repository?.additionalTags ?? []
    }

    private static func result(_ answer: ImportDelivery.Answer, now: Timestamp) -> Result {
        switch answer.outcome {
        case .failure(let status):
            return Result(tag: answer.tag, outcome: .failure(Failed(status: status)))
        case .image(let fetched):
            do throws(ImageMetadata.Failure) {
                let image = try fetched.image(now: now)
                var children: [Image] = []
                for child in fetched.children { children.append(try child.image(now: now)) }
                let found = Found(
                    image: image, manifests: children, reference: ImportRecording.reference(of: image))
                return Result(tag: answer.tag, outcome: .success(found))
            } catch {
                return Result(
                    tag: answer.tag, outcome: .failure(Failed(status: APIError.internalError(error.text).status)))
            }
        }
    }

    /// A delivery with one answer for each image of the request: those that no order was made of, and those the
    /// importer forgot, fail.
    static func aligned(_ delivery: ImportDelivery, with spec: ImageStreamImportSpec) -> ImportDelivery {
        var answers = delivery.images.makeIterator()
        var aligned = delivery
        aligned.images = spec.images.map { item in
            guard (try? ImageReference(parsing: item.from.name)) != nil else {
                let text = "unable to parse docker reference \(item.from.name):latest: invalid reference format"
                return .init(
                    tag: TagResolution.defaultTag, outcome: .failure(APIError.internalError(text).status))
            }
            return answers.next()
                ?? .init(tag: "", outcome: .failure(APIError.internalError("no answer for \(item.from.name)").status))
        }
        return aligned
    }

    // MARK: Storing

    /// Stores the Images of everything that is recorded, each name once; children go before their lists. An Image that
    /// cannot be stored fails its own entry only.
    mutating func storeImages(
        spec: ImageStreamImportSpec, _ store: (Image) async throws -> Image
    ) async throws {
        var known: [String: Image] = [:]
        func stored(_ image: Image) async throws -> Image {
            if let image = known[image.metadata.name] { return image }
            let result = try await store(image)
            known[image.metadata.name] = result
            return result
        }
        func storing(_ result: Result) async throws -> Result {
            guard case .success(var found) = result.outcome else { return result }
            do {
                for index in found.manifests.indices {
                    found.manifests[index] = try await stored(found.manifests[index])
                }
                found.image = try await stored(found.image)
                return Result(tag: result.tag, outcome: .success(found))
            } catch let error as APIError {
                return Result(tag: result.tag, outcome: .failure(Failed(status: error.status)))
            }
        }
        for index in repository.indices { repository[index] = try await storing(repository[index]) }
        for index in images.indices where spec.images.indices.contains(index) && spec.images[index].to != nil {
            images[index] = try await storing(images[index])
        }
    }

    /// What is recorded in the stream, in the order in which it is: the repository's tags, then the images with a
    /// target tag.
    func entries(spec: ImageStreamImportSpec) -> [ImportRecording.Entry] {
        var entries: [ImportRecording.Entry] = []
        if let wanted = spec.repository, let source = try? ImageReference(parsing: wanted.from.name) {
            for result in repository {
                var reference = source
                reference.tag = result.tag
                reference.id = ""
                entries.append(
                    ImportRecording.Entry(
                        tag: result.tag, from: reference.exact, importPolicy: wanted.importPolicy,
                        referencePolicy: wanted.referencePolicy, createsTagOnFailure: false, result: result.recorded))
            }
        }
        for (item, result) in zip(spec.images, images) {
            guard let to = item.to else { continue }
            entries.append(
                ImportRecording.Entry(
                    tag: to.name, from: item.from.name, importPolicy: item.importPolicy,
                    referencePolicy: item.referencePolicy, createsTagOnFailure: true, result: result.recorded))
        }
        return entries
    }

    // MARK: Answering

    /// Fills the status of the answer. Manifests and configs are shown only to those who asked (17.6).
    func fill(_ request: inout ImageStreamImport) {
        request.status.images = zip(request.spec.images, images).map { item, result in
            result.status(includesManifest: item.includeManifest)
        }
        guard let wanted = request.spec.repository else { return }
        request.status.repository = RepositoryImportStatus(
            status: repositoryStatus ?? Status(status: "Success"),
            images: repository.map { $0.status(includesManifest: wanted.includeManifest) },
            additionalTags: additionalTags)
    }
}

extension ImportResults.Result {
    fileprivate var recorded: ImportRecording.Entry.Result {
        switch outcome {
        case .success(let found): .image(reference: found.reference, name: found.image.metadata.name)
        case .failure(let failed): .failure(failed.status)
        }
    }

    fileprivate func status(includesManifest: Bool) -> ImageImportStatus {
        switch outcome {
        case .failure(let failed):
            return ImageImportStatus(status: failed.status, tag: tag)
        case .success(let found):
            var image = found.image
            if !includesManifest {
                image.dockerImageManifest = ""
                image.dockerImageConfig = ""
            }
            return ImageImportStatus(
                status: Status(status: "Success"), image: image, tag: tag, manifests: found.manifests)
        }
    }
}
