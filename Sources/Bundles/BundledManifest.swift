import JSON
import OCI

/// A manifest as far as a bundle must understand it.
struct BundledManifest: Sendable {
    let digest: Digest
    let mediaType: String
    let bytes: [UInt8]
    let isIndex: Bool
    /// Config and layers, without those that their owners do not let be handed on.
    let blobs: [Descriptor]
    let children: [Descriptor]
    let subject: Digest?
    let artifactType: String

    /// - Parameter mediaType: what the descriptor or the server says; empty where nobody does.
    /// - Throws: `.unclear` for what is no manifest that a bundle can have.
    init(_ digest: Digest, _ bytes: [UInt8], mediaType said: String) throws(BundleError) {
        let document: ManifestDocument
        do { document = try ManifestDocument(parsing: bytes, limits: .stored) } catch {
            throw .unclear("the manifest \(digest) cannot be read: \(error.text)")
        }
        self.digest = digest
        self.bytes = bytes
        var type = MediaType.essence(document.mediaType.isEmpty ? said : document.mediaType)
        if MediaType.manifestKind(type) == nil, document.mediaType.isEmpty {
            // OCI's may leave it out.
            if document.hasManifests {
                type = MediaType.ociIndex
            } else if document.hasConfig {
                type = MediaType.ociManifest
            }
        }
        let kind = MediaType.manifestKind(type)
        guard kind != .schema1, document.schemaVersion != 1 else {
            throw .unclear("the manifest \(digest) is of the old schema 1, which OCI layouts cannot have")
        }
        mediaType = type
        isIndex = kind?.isIndex ?? document.hasManifests
        subject = document.subject.flatMap { Digest($0.digest) }
        artifactType = document.artifactType
        var blobs: [Descriptor] = []
        var children: [Descriptor] = []
        // Somebody else made it: there may be tens of thousands of each.
        var seen = (blobs: Set<Digest>(), children: Set<Digest>())
        do {
            for blob in (document.config.map { [$0] } ?? []) + document.layers {
                let blob = try blob.checked(at: "blob")
                if !Self.isForeign(blob.mediaType), seen.blobs.insert(blob.digest).inserted { blobs.append(blob) }
            }
            for child in document.manifests {
                let child = try child.checked(at: "manifest")
                if seen.children.insert(child.digest).inserted { children.append(child) }
            }
        } catch {
            throw .unclear("the manifest \(digest) cannot be read: \(error.text)")
        }
        self.blobs = blobs
        self.children = children
    }

    private static func isForeign(_ mediaType: String) -> Bool {
        mediaType == MediaType.dockerForeignLayer
            || mediaType.hasPrefix("application/vnd.oci.image.layer.nondistributable.v1.tar")
    }

    /// The entry in `index.json`.
    func descriptor(named name: String?) -> JSONValue {
        var out = JSONObject()
        out["mediaType"] = .string(mediaType)
        out["digest"] = .string(digest.description)
        out["size"] = .integer(Int64(bytes.count))
        if !artifactType.isEmpty { out["artifactType"] = .string(artifactType) }
        if let name { out["annotations"] = ["org.opencontainers.image.ref.name": .string(name)] }
        return .object(out)
    }
}
