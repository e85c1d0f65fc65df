public import OCI

/// An image as stores of signatures know it: by its place and its digest.
public struct SignedImage: Hashable, Sendable {
    public let reference: RemoteReference
    /// Of the manifest; that of the reference if it has one.
    public let digest: Digest

    public var repository: RepositoryName { reference.repository }

    public init(reference: RemoteReference, digest: Digest) {
        self.reference = reference
        self.digest = digest
    }

    /// - Parameters:
    ///   - text: `dockerImageReference` of an Image.
    ///   - name: the Image's name, which is the digest of its manifest where the reference names none.
    /// - Returns: nil where there is no remote image, or no digest.
    public init?(reference text: String, name: String) {
        guard let reference = try? ImageReference(parsing: text).normalized() else { return nil }
        switch reference.selector {
        case .digest(let digest): self.init(reference: reference, digest: digest)
        case .tag:
            guard let digest = Digest(name) else { return nil }
            self.init(reference: reference, digest: digest)
        }
    }
}
