import APIServer
import ImageStreams
import OCI

/// Brings images of other registries into streams when somebody asks for them (spec/registry.md PT-28).
struct MirroredImages: Sendable {
    let core: RegistryCore

    /// The annotations of a stream that is made for it: its tags are looked up again when they are pulled (PT-24).
    private static let annotations = [KnownAnnotation.refreshOnPull: "5m"]

    /// Sees to it that the stream has an image, if it is to be had. Where it is not, nothing is made.
    /// - Parameter source: the repository there.
    func bring(_ name: ManifestName, from source: String, to path: RepositoryPath) async throws {
        guard let importer = core.importer else { return }
        let repository = try await core.repository(path)
        let (tag, reference): (String, String)
        switch name {
        case .tag(let name):
            // Signatures and the like are found by what they belong to.
            guard (try? repository.digest(of: name)) == nil, SignatureTag(name) == nil else { return }
            (tag, reference) = (name, "\(source):\(name)")
        case .digest(let digest):
            guard try await !repository.isVisible(digest) else { return }
            (tag, reference) = ("digest-\(digest.hex.prefix(32))", "\(source)@\(digest)")
        }
        guard try await !core.isReadOnly(path.namespace), try await core.namespaces.state(of: path.namespace) == .active
        else { return }
        await importer.bring(
            ImportWish(
                source: reference, tag: tag, stream: path.stream, namespace: path.namespace,
                annotations: Self.annotations.merging(path.annotations) { $1 }))
    }
}
