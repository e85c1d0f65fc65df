import OCI
import RegistryClient

extension SignatureFetcher {
    /// Asks a registry that keeps signatures itself.
    func askRegistry(
        _ place: Place, _ client: RegistryClient, _ found: inout SignatureCollection
    ) async throws(SignatureFailure) {
        let key = "extension \(place.repository)@\(place.digest)"
        let answer: ConditionalContent<[UInt8]>
        do {
            answer = try await client.signatures(
                of: place.digest, in: place.repository, access: place.access, unless: known(key, found),
                maxBytes: configuration.maxListBytes)
        } catch {
            try passIfRefused(error)
            answer = .missing
        }
        switch answer {
        case .missing: remember(key, nil, [])
        case .unchanged: noteUnchanged(key, &found)
        case .found(let document, let validators):
            var names: [String] = []
            for signature in SignatureExtension.signatures(in: document) {
                // Not the whole document was taken in: it must be read again.
                guard !found.isFull else { return remember(key, nil, []) }
                if let name = found.add(signature) { names.append(name) }
            }
            remember(key, validators, names)
        }
    }

    /// Reads the image that is attached by its tag, `<algorithm>-<hex>.sig`: each layer is a signature.
    func readAttachments(
        _ place: Place, _ client: RegistryClient, _ found: inout SignatureCollection
    ) async throws(SignatureFailure) {
        let tag = "\(place.digest.algorithm.rawValue)-\(place.digest.hex).sig"
        // No longer tag can be.
        guard tag.utf8.count <= 128 else { return }
        let reference = RemoteReference(repository: place.repository, tag: tag)
        let key = "attachment \(reference)"
        do {
            switch try await client.manifest(reference, access: place.access, unless: known(key, found)) {
            case .missing: remember(key, nil, [])
            case .unchanged: noteUnchanged(key, &found)
            case .found(let fetched, let validators):
                guard case .image(let manifest) = fetched.manifest.content else { return }
                let names = try await read(manifest.layers, of: reference, place.access, client, &found)
                remember(key, names == nil ? nil : validators, names ?? [])
            }
        } catch {
            try passIfRefused(error)
        }
    }

    /// - Returns: the names of all signatures; nil where not all of them were read.
    private func read(
        _ layers: [Descriptor], of attachment: RemoteReference, _ access: RegistryAccess, _ client: RegistryClient,
        _ found: inout SignatureCollection
    ) async throws(RegistryError) -> [String]? {
        var names: [String] = []
        for layer in layers {
            guard !found.isFull else { return nil }
            if layer.digest.algorithm == .sha256, found.isKnown(layer.digest.hex) {
                found.note(layer.digest.hex)
                names.append(layer.digest.hex)
                continue
            }
            guard layer.size <= configuration.maxBytes else {
                throw .tooLarge("layer \(layer.digest) of \(attachment)", limit: configuration.maxBytes)
            }
            let content = try await client.blob(
                layer.digest, in: attachment.repository, access: access, maxBytes: configuration.maxBytes)
            if let name = found.add(content) { names.append(name) }
        }
        return names
    }

    /// Images that not everybody may see have no signatures for somebody without credentials.
    private func passIfRefused(_ error: RegistryError) throws(SignatureFailure) {
        guard error.isAccessRefused else { throw .registry(error) }
    }
}
