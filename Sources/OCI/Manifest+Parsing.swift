extension Manifest {
    /// Reads an answer to a manifest request.
    ///
    /// `contentType` is the header's value; its parameters are ignored. A type that names no known manifest is tried
    /// as signed schema 1, as the reference does, and refused as `unsupported manifest media type "…"` if there are
    /// no signatures inside.
    public init(parsing bytes: [UInt8], contentType: String, limits: ManifestLimits = .standard) throws(ManifestError) {
        guard bytes.count <= limits.bytes else {
            throw ManifestError(.tooLarge, "\(bytes.count) bytes, at most \(limits.bytes) are accepted")
        }
        let kind = MediaType.manifestKind(contentType) ?? .schema1
        if kind == .schema1 {
            let signed = try SignedManifest.read(bytes, contentType: contentType, limits: limits)
            self.init(
                content: .schema1(signed.manifest), kind: .schema1, mediaType: MediaType.schema1,
                payload: signed.payload)
            return
        }
        let document = try ManifestDocument(parsing: bytes, limits: limits)
        try document.checkMediaType(kind)
        let content: Content =
            kind.isIndex ? .index(try document.strictIndex()) : .image(try document.strictImage())
        let mediaType = document.mediaType.isEmpty ? kind.mediaType : document.mediaType
        self.init(content: content, kind: kind, mediaType: mediaType, payload: bytes)
    }
}

extension ManifestDocument {
    /// The texts of A.15.
    fileprivate func checkMediaType(_ kind: ManifestKind) throws(ManifestError) {
        let expected = kind.mediaType
        switch kind {
        case .schema1:
            break
        case .dockerManifest where mediaType != expected:
            throw .init(.mismatch, "mediaType in manifest should be '\(expected)' not '\(mediaType)'")
        case .dockerManifestList where mediaType != expected:
            throw .init(.mismatch, "mediaType in manifest list should be '\(expected)' not '\(mediaType)'")
        case .ociManifest where !mediaType.isEmpty && mediaType != expected:
            throw .init(.mismatch, "if present, mediaType in manifest should be '\(expected)' not '\(mediaType)'")
        case .ociIndex where !mediaType.isEmpty && mediaType != expected:
            throw .init(.mismatch, "if present, mediaType in image index should be '\(expected)' not '\(mediaType)'")
        case .ociManifest where hasManifests:
            throw .init(.mismatch, "ocimanifest: expected manifest but found index")
        case .ociIndex where hasConfig || hasLayers:
            throw .init(.mismatch, "index: expected index but found manifest")
        default:
            break
        }
    }

    fileprivate func strictImage() throws(ManifestError) -> ImageManifest {
        guard let config else { throw .init(.malformed, "the manifest names no config") }
        return ImageManifest(
            config: try config.checked(at: "config"), layers: try Self.checked(layers, at: "layers"),
            subject: try subject?.checked(at: "subject"), artifactType: artifactType.isEmpty ? nil : artifactType,
            annotations: annotations)
    }

    fileprivate func strictIndex() throws(ManifestError) -> ImageIndex {
        ImageIndex(
            manifests: try Self.checked(manifests, at: "manifests"), subject: try subject?.checked(at: "subject"),
            artifactType: artifactType.isEmpty ? nil : artifactType, annotations: annotations)
    }

    private static func checked(_ list: [LooseDescriptor], at path: String) throws(ManifestError) -> [Descriptor] {
        var out: [Descriptor] = []
        out.reserveCapacity(list.count)
        for (index, descriptor) in list.enumerated() {
            out.append(try descriptor.checked(at: "\(path)[\(index)]"))
        }
        return out
    }
}

extension LooseDescriptor {
    /// The descriptor with a valid digest and a size that is no lie below zero.
    /// - Parameter path: where it stands, for the error's text.
    public func checked(at path: String) throws(ManifestError) -> Descriptor {
        guard size >= 0 else { throw .init(.malformed, "\(path).size: \(size) is negative") }
        let digest: Digest
        do { digest = try Digest(parsing: self.digest) } catch {
            throw .init(.malformed, "\(path).digest: \(error.text)")
        }
        return Descriptor(
            mediaType: mediaType, digest: digest, size: size, platform: platform, artifactType: artifactType,
            annotations: annotations)
    }
}
