import OCI
import RegistryClient

/// Importing `spec.repository` (A.18).
extension ImportSession {
    /// `known` are the outcomes of `spec.images`: what was fetched there is not fetched again.
    func importRepository(
        _ entry: RepositoryImportEntry, known: [WorkItem: WorkItem.Outcome]
    ) async -> RepositoryImportResult {
        do throws(ImportFailure) {
            let written = try ImportPlan.parse(entry.from).asRepository()
            let repository = try ImportPlan.normalize(written) { reference throws(ImageReferenceError) in
                try reference.normalizedRepository()
            }
            if let host = importer.policy.blockedHost(repository) { throw .blocked(host: host) }
            let tags = try await tags(of: repository, entry, written)
            return await importTags(tags, repository, entry, written, known)
        } catch {
            return RepositoryImportResult(listingFailure: error, images: [], additionalTags: [])
        }
    }

    /// The tags by priority, without duplicates. Always of the original repository, never of a mirror.
    private func tags(
        of repository: RepositoryName, _ entry: RepositoryImportEntry, _ written: ImageReference
    ) async throws(ImportFailure) -> [String] {
        let tags = try await withAccess(
            to: repository, insecure: entry.insecure || importer.policy.isInsecure(repository), quoting: written.exact,
            failure: ImportFailure.tags
        ) { (access) async throws(RegistryError) in
            try await self.client.tags(in: repository, access: access)
        }.value
        return TagPriority.sorted(Array(Set(tags.map { $0.isEmpty ? "latest" : $0 })))
    }

    private func importTags(
        _ tags: [String], _ repository: RepositoryName, _ entry: RepositoryImportEntry, _ written: ImageReference,
        _ known: [WorkItem: WorkItem.Outcome]
    ) async -> RepositoryImportResult {
        let configured = importer.configuration.maxTagsPerRepository
        let limit = min(configured < 0 ? .max : configured == 0 ? 50 : configured, Importer.mostTags)
        func item(_ tag: String) -> WorkItem {
            WorkItem(
                reference: RemoteReference(repository: repository, tag: tag), mode: entry.mode,
                insecure: entry.insecure, architecture: "", os: "")
        }
        let chosen = tags.prefix(limit).map(item)
        let fetched = await outcomes(of: chosen.filter { known[$0] == nil })
        var images = chosen.map { Self.result($0, known[$0] ?? fetched[$0], repository: written) }
        var additional: [String] = []
        for tag in tags.dropFirst(limit) {
            guard case .success(let image)? = known[item(tag)] else {
                additional.append(tag)
                continue
            }
            // It has been fetched for spec.images already; a list comes without its images, as in the reference.
            images.append(Self.result(item(tag), .success(image.withoutChildren()), repository: written))
        }
        return RepositoryImportResult(listingFailure: nil, images: images, additionalTags: additional)
    }
}
