import OCI
import RegistryClient

/// From manifests to images (A.15 to A.17, A.20).
extension ImportSession {
    func image(of item: WorkItem) async throws(ImportFailure) -> ImportedImage {
        let located = try await locate(item.reference, insecure: item.insecure)
        guard case .index(let index) = located.manifest.content else { return try await single(located) }
        switch item.mode {
        case .legacy: return try await choice(from: index, of: located, item.architecture, item.os)
        case .preserveOriginal: return try await list(index, located, item)
        }
    }

    /// The one image of a list that stands for all (A.16).
    private func choice(
        from index: ImageIndex, of parent: LocatedManifest, _ architecture: String, _ os: String
    ) async throws(ImportFailure) -> ImportedImage {
        let platform = importer.configuration.defaultPlatform
        let entry = PlatformChoice.choose(
            from: index.manifests, architecture: architecture.isEmpty ? platform.architecture : architecture,
            os: os.isEmpty ? platform.os : os)
        guard let entry else { throw .unusable(text: "no manifests in manifest list") }
        let image = try await single(try await child(entry.digest, of: parent))
        importer.choices[importer.choiceKey(parent.manifest.digest, architecture, os)] = image.manifest.digest
        return image
    }

    /// The list with every image in it; if one fails, all do (A.17).
    private func list(
        _ index: ImageIndex, _ located: LocatedManifest, _ item: WorkItem
    ) async throws(ImportFailure) -> ImportedImage {
        let repository = item.reference.repository
        let outcomes = await mapConcurrently(index.manifests, limit: importer.configuration.parallelPerHost) {
            entry -> WorkItem.Outcome in
            let child = WorkItem(
                reference: RemoteReference(repository: repository, digest: entry.digest), mode: .legacy,
                insecure: item.insecure, architecture: "", os: "")
            do throws(ImportFailure) { return .success(try await self.image(of: child)) } catch {
                return .failure(error)
            }
        }
        var children: [ImportedImage] = []
        children.reserveCapacity(outcomes.count)
        for outcome in outcomes { children.append(try outcome.get()) }
        return ImportedImage(
            dockerImageReference: "", manifest: located.manifest, manifestBytes: located.fetched.bytes, config: nil,
            layers: [], size: 0, children: children)
    }

    private func single(_ located: LocatedManifest) async throws(ImportFailure) -> ImportedImage {
        switch located.manifest.content {
        case .image(let image): return try await schema2(image, located)
        case .schema1(let signed): return try await schema1(signed, located)
        case .index:
            throw .unusable(text: "unsupported image manifest type: \(located.manifest.mediaType)")
        }
    }

    private func schema2(
        _ image: ImageManifest, _ located: LocatedManifest
    ) async throws(ImportFailure) -> ImportedImage {
        let config = try await config(image.config.digest, of: located)
        do { _ = try ImageConfig(parsing: config) } catch { throw .unusable(text: error.text) }
        let layers = image.layers.map { ImportedLayer(name: $0.digest, size: $0.size, mediaType: $0.mediaType) }
        let size = try LayerSizes.total(of: layers, counted: [image.config.digest], from: Int64(config.count))
        return ImportedImage(
            dockerImageReference: "", manifest: located.manifest, manifestBytes: located.fetched.bytes, config: config,
            layers: layers, size: size, children: [])
    }

    /// A.20.2.
    private func schema1(
        _ signed: SignedManifest, _ located: LocatedManifest
    ) async throws(ImportFailure) -> ImportedImage {
        guard !signed.history.isEmpty else {
            throw .unusable(text: "image has no v1Compatibility history and cannot be used")
        }
        guard signed.history.count == signed.layers.count else {
            throw .unusable(
                text: "the image \(located.manifest.digest) (\(located.reference)) has mismatched history and fslayer "
                    + "cardinality (\(signed.history.count) != \(signed.layers.count))")
        }
        var layers = zip(signed.layers, signed.history).reversed().map { digest, history in
            ImportedLayer(
                name: digest, size: SchemaOneHistory(v1Compatibility: history).size, mediaType: MediaType.schema1Layer)
        }
        var size = try LayerSizes.total(of: layers)
        if size == 0 {
            layers = try await measured(layers, located)
            size = try LayerSizes.total(of: layers)
        }
        return ImportedImage(
            dockerImageReference: "", manifest: located.manifest, manifestBytes: located.fetched.bytes, config: nil,
            layers: layers, size: size, children: [])
    }

    /// The layers with their sizes asked of the registry, each in the first place its digest stands.
    private func measured(
        _ layers: [ImportedLayer], _ located: LocatedManifest
    ) async throws(ImportFailure) -> [ImportedLayer] {
        var seen: Set<Digest> = []
        let distinct = layers.map(\.name).filter { seen.insert($0).inserted }
        let outcomes = await mapConcurrently(distinct, limit: importer.configuration.parallelPerHost) {
            digest -> Result<Int64, ImportFailure> in
            do throws(ImportFailure) { return .success(try await self.layerSize(digest, of: located)) } catch {
                return .failure(error)
            }
        }
        var sizes: [Digest: Int64] = [:]
        for (digest, outcome) in zip(distinct, outcomes) { sizes[digest] = try outcome.get() }
        return layers.map { layer in
            ImportedLayer(
                name: layer.name, size: sizes.removeValue(forKey: layer.name) ?? 0, mediaType: layer.mediaType)
        }
    }
}

enum LayerSizes {
    /// The sum over distinct layers, without those in `counted`; sizes that add up beyond 64 bits are refused.
    static func total(
        of layers: [ImportedLayer], counted: Set<Digest> = [], from start: Int64 = 0
    ) throws(ImportFailure) -> Int64 {
        var seen = counted
        var total = start
        for layer in layers where seen.insert(layer.name).inserted {
            let (sum, overflow) = total.addingReportingOverflow(layer.size)
            guard !overflow else { throw .unusable(text: "the sizes of the layers add up to no 64-bit number") }
            total = sum
        }
        return total
    }
}
